"""The commands of `earmark`, one file each."""
