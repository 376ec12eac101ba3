"""The live inbox: one socket per open page, which learns of every change it may see."""
