"""What the product costs, measured: nothing here decides a test."""
