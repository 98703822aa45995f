"""A full cycle of 1Password's Python SDK, synchronous and asynchronous, unchanged, against hushkey's Connect API.

Usage: in the environment of connect_served.py: connect_sdk.py
"""

import asyncio
import inspect
import json
import os
import urllib.request

from onepasswordconnectsdk.client import new_client
from onepasswordconnectsdk.errors import FailedToRetrieveItemException, FailedToRetrieveVaultException
from onepasswordconnectsdk.models import Field, FieldSection, GeneratorRecipe, Item, ItemUrls, ItemVault, Section

URL = os.environ["CONNECT_URL"]
VAULT = os.environ["CONNECT_VAULT"]
REFUSED = (FailedToRetrieveItemException, FailedToRetrieveVaultException)


async def settled(answer):
    """What either client answers."""
    return await answer if inspect.isawaitable(answer) else answer


async def refused(call) -> str:
    try:
        await settled(call())
    except REFUSED as error:
        return str(error)
    raise AssertionError("it was not refused")


def plain(method: str, path: str, body=None, token: str = os.environ["CONNECT_TOKEN"]):
    """What the SDK has no call for."""
    request = urllib.request.Request(
        f"{URL}{path}",
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=20) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def new_item(title: str) -> Item:
    return Item(
        title=title,
        vault=ItemVault(id=VAULT),
        category="LOGIN",
        tags=["interop", "python"],
        favorite=True,
        urls=[ItemUrls(href="https://example.com", primary=True)],
        sections=[Section(id="keys", label="Keys")],
        fields=[
            Field(id="", label="username", purpose="USERNAME", value="ann"),
            Field(
                label="password",
                purpose="PASSWORD",
                generate=True,
                recipe=GeneratorRecipe(length=40, character_sets=["LETTERS", "DIGITS"]),
            ),
            Field(label="token", type="CONCEALED", value="t0ken-é✓", section=FieldSection(id="keys")),
            Field(label="code", type="OTP", value="otpauth://totp/x?secret=JBSWY3DPEHPK3PXP"),
        ],
    )


async def cycle(client, reader, writer, name: str) -> None:
    title = f"Python {name}"
    vaults = await settled(client.get_vaults())
    assert [vault.id for vault in vaults] == [VAULT], "only the vault in scope is listed"
    assert (await settled(client.get_vault(VAULT))).name == "Dev"
    assert (await settled(client.get_vault_by_title("Dev"))).id == VAULT

    made = await settled(client.create_item(VAULT, new_item(title)))
    fields = {field.label: field for field in made.fields}
    assert made.version == 1 and made.vault.id == VAULT and made.tags == ["interop", "python"]
    assert len(fields["password"].value) == 40 and fields["password"].value.isalnum()
    assert fields["password"].entropy > 128 and fields["password"].id == "password"
    assert len(fields["code"].totp) == 6 and fields["token"].section.id == "keys"
    assert await settled(client.get_item_by_id(made.id, VAULT)) is not None
    found = await settled(client.get_item(title, "Dev"))
    assert found.id == made.id and {f.label: f.value for f in found.fields}["token"] == "t0ken-é✓"
    overviews = await settled(client.get_items(VAULT))
    assert made.id in [item.id for item in overviews]
    tagged = await settled(client.get_items(VAULT, filter_query='tag eq "python"'))
    assert made.id in [item.id for item in tagged]

    found.title = f"{title}, renamed"
    {field.label: field for field in found.fields}["token"].value = "rotated"
    await settled(client.update_item(made.id, VAULT, found))
    again = await settled(client.get_item(made.id, VAULT))
    values = {field.label: field.value for field in again.fields}
    assert again.title == f"{title}, renamed" and values["token"] == "rotated"
    assert values["password"] == fields["password"].value and again.version == 2

    token = {field.label: field for field in again.fields}["token"].id
    path = f"/v1/vaults/{VAULT}/items/{made.id}"
    patch = [
        {"op": "replace", "path": f"/fields/{token}/value", "value": "patched"},
        {"op": "add", "path": "/fields", "value": {"label": "added", "type": "STRING", "value": "plain"}},
        {"op": "replace", "path": "/favorite", "value": False},
    ]
    patched = await asyncio.to_thread(plain, "PATCH", path, patch)
    values = {field["label"]: field.get("value") for field in patched["fields"]}
    assert (values["token"], values["added"], patched["version"]) == ("patched", "plain", 3), values.keys()

    item = os.environ["CONNECT_ITEM"]
    [file] = await settled(client.get_files(item, VAULT))
    content = await settled(client.get_file_content(file.id, item, VAULT))
    assert content == os.environ["CONNECT_FILE"].encode()
    content = await settled(client.get_file_content(file.id, item, VAULT, file.content_path))
    assert content == os.environ["CONNECT_FILE"].encode(), "the path that the server gives leads there, too"
    assert (await settled(client.get_file(file.id, item, VAULT))).name == "note.txt"

    # To read only, to write only, and not at all.
    seen = await settled(reader.get_item(made.id, VAULT))
    assert {field.label: field.value for field in seen.fields}["token"] == "patched"
    assert "403" in await refused(lambda: reader.create_item(VAULT, new_item("never")))
    assert "403" in await refused(lambda: reader.delete_item(made.id, VAULT))
    assert "403" in await refused(lambda: writer.get_item_by_id(made.id, VAULT))
    blind = await settled(writer.create_item(VAULT, new_item(f"{title}, blind")))
    assert blind.id and all(not (field.value or field.totp or field.entropy) for field in blind.fields or [])
    await settled(writer.delete_item(blind.id, VAULT))
    elsewhere = os.environ["CONNECT_ELSEWHERE"]
    assert "403" in await refused(lambda: client.get_vault(elsewhere))
    assert "403" in await refused(lambda: client.get_items(elsewhere))

    await settled(client.delete_item(made.id, VAULT))
    assert "404" in await refused(lambda: client.get_item_by_id(made.id, VAULT))
    assert "401" in await refused(lambda: new_client(URL, "nobody's").get_vaults())
    print(f"{name}: a full cycle")


async def main() -> None:
    tokens = [os.environ[name] for name in ("CONNECT_TOKEN", "CONNECT_READER", "CONNECT_WRITER")]
    for name, is_async in (("synchronous", False), ("asynchronous", True)):
        clients = [new_client(URL, token, is_async=is_async) for token in tokens]
        await cycle(*clients, name)


asyncio.run(main())
