"""An archive of photographs as it was uploaded: looked through, checked, and never unpacked."""

LARGEST_ARCHIVE = 4 * 1024**3  # bytes
