"""The screens: picker, sessions, a denial explained, help and the first run."""
