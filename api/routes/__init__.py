"""HTTP: paths, headers, media types, status codes."""
