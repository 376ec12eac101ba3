"""The servers that stand beside ours, each the whole of a process."""
