"""The gate in somebody's own app: one file a framework, over `core`. None of the frameworks is a dependency."""
