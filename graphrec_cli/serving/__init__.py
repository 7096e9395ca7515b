"""What ``graphrec serve`` answers over HTTP, and what it refuses."""
