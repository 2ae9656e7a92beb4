"""A Secret Service that misbehaves, as a program: it takes the name on the session bus and keeps people waiting.

``silent`` answers nothing at all. ``locked`` says that its collection is locked and then, asked to unlock it, waits for
a person who never comes.
"""

from __future__ import annotations

import sys

from jeepney import HeaderFields, MessageType, Properties, new_error, new_method_return
from jeepney.bus_messages import message_bus
from jeepney.io.blocking import open_dbus_connection


def main(kind: str) -> None:
    connection = open_dbus_connection(bus="SESSION")
    connection.send_and_get_reply(message_bus.RequestName("org.freedesktop.secrets"))
    print("ready", flush=True)
    while True:
        message = connection.receive()
        if kind == "silent" or message.header.message_type is not MessageType.method_call:
            continue
        member = message.header.fields.get(HeaderFields.member)
        if member == "Get":
            value = ("b", True) if message.body[1] == "Locked" else ("s", "Login")
            connection.send(new_method_return(message, "v", (value,)))
        elif member == "Unlock":
            print("unlock", flush=True)
        else:
            connection.send(new_error(message, "org.freedesktop.DBus.Error.UnknownMethod"))


if __name__ == "__main__":
    assert Properties
    main(sys.argv[1])
