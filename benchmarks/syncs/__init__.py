"""What reading a website costs visitors who chat: `python -m benchmarks.syncs`."""
