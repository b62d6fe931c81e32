"""The ground: tables, engine, and one module per kind of record. The only room that knows SQL."""
