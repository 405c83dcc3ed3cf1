"""The inside of read.py: bytes to text, markup, pictures, dates. Use `engines.feeds.read`."""
