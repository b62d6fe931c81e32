"""API keys of the collector."""

import json
from typing import Annotated

import typer

from modelwatch.commands.session import instant, now, open_store, put, say, settings
from modelwatch.failures import CommandError

app = typer.Typer(help="Make, list and revoke API keys.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who will hold the key.", show_default=False)],
    scope: Annotated[
        list[str] | None, typer.Option(help="What it may do: read, write; may be given twice.  [default: write]")
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="Only for this model; may be given again.  [default: all models]")
    ] = None,
    expires: Annotated[str | None, typer.Option(help="The instant from which it is void.")] = None,
) -> None:
    """Make a key and print it; it cannot be shown again."""
    from modelwatch.pepper import pepper
    from store.engine import writing
    from store.keys import create_key

    found = settings()
    until, secret = instant(expires, "--expires"), pepper(found)
    if not secret:
        raise CommandError("keys need a pepper: set MODELWATCH_KEY_PEPPER to a long random text, everywhere the same")
    with open_store(found) as engine:
        try:
            with writing(engine) as conn:
                key, token = create_key(
                    conn,
                    name=name,
                    scopes=scope or ["write"],  # type: ignore[arg-type]
                    models=model or None,
                    expires_at=until,
                    now=now(),
                    pepper=secret,
                )
        except ValueError as error:
            raise CommandError(str(error)) from error
    put(token)
    say(f"key {key.prefix} for {name}: keep it, it is not shown again; send it as Authorization: Bearer <key>")


@app.command("list")
def list_all(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """List the keys; their secrets are not stored."""
    from store.keys import list_keys

    with open_store(settings()) as engine, engine.connect() as conn:
        keys = list_keys(conn)
    at = now()
    for key in keys:
        void = key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= at)
        row = {
            "prefix": key.prefix,
            "name": key.name,
            "scopes": list(key.scopes),
            "models": None if key.models is None else list(key.models),
            "created_at": key.created_at.isoformat(),
            "expires_at": None if key.expires_at is None else key.expires_at.isoformat(),
            "revoked_at": None if key.revoked_at is None else key.revoked_at.isoformat(),
            "in_force": not void,
        }
        if as_json:
            put(json.dumps(row))
        else:
            state = "void" if void else "in force"
            models = ", ".join(key.models or ["all models"])
            put(f"{key.prefix}  {state:8}  {','.join(key.scopes):10}  {models}  {key.name}")
    if not keys and not as_json:
        say("there are no keys")


@app.command()
def revoke(
    prefix: Annotated[str, typer.Argument(metavar="PREFIX", help="As keys list shows it.", show_default=False)],
) -> None:
    """Take a key out of force for good."""
    from store.engine import writing
    from store.keys import revoke_key

    with open_store(settings()) as engine, writing(engine) as conn:
        done = revoke_key(conn, prefix, now())
    if not done:
        raise CommandError(f"no key in force begins with {prefix!r}: modelwatch keys list shows them")
    say(f"key {prefix} is revoked")
