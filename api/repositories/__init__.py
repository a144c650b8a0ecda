"""The table and the secret store: items, keys, conditions; nothing here decides anything."""
