"""Byte codecs and bare values. Nothing here opens a file, a socket or a clock."""
