"""Keys renewed, and what they made with them: files, epochs, the root."""
