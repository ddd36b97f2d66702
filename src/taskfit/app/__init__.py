"""One function per command: settings in, result out, events on the way."""
