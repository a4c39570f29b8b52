"""Messages of Envoy that the installed `xds-protos` lacks, made known to protobuf so that they can be shown.

Importing this module is what makes them known.
"""

from typing import NamedTuple

from envoy.config.core.v3 import extension_pb2
from envoy.extensions.filters.http.composite.v3 import composite_pb2
from google.protobuf import descriptor_pb2, descriptor_pool
from xds.type.matcher.v3 import matcher_pb2

_FILTERS = "envoy.extensions.filters.http"
_EXTENSION = f".{extension_pb2.TypedExtensionConfig.DESCRIPTOR.full_name}"
_MATCHER = f".{matcher_pb2.Matcher.DESCRIPTOR.full_name}"
_ONE, _MANY = descriptor_pb2.FieldDescriptorProto.LABEL_OPTIONAL, descriptor_pb2.FieldDescriptorProto.LABEL_REPEATED


class Message(NamedTuple):
    """A message of a single field, number 1, which holds messages."""

    name: str
    field: str
    type_name: str
    many: bool = False


PACKAGES = {
    f"{_FILTERS}.filter_chain.v3": (
        Message("FilterChain", "filters", _EXTENSION, True),
        Message("FilterChainConfig", "default_filter_chain", f".{_FILTERS}.filter_chain.v3.FilterChain"),
        Message("FilterChainConfigPerRoute", "filter_chain", f".{_FILTERS}.filter_chain.v3.FilterChain"),
    ),
    f"{_FILTERS}.composite.v3": (Message("CompositePerRoute", "matcher", _MATCHER),),
}
"""What is made known, by package."""


def _file(package: str, messages: tuple[Message, ...]) -> descriptor_pb2.FileDescriptorProto:
    imported = (extension_pb2.DESCRIPTOR, composite_pb2.DESCRIPTOR, matcher_pb2.DESCRIPTOR)
    return descriptor_pb2.FileDescriptorProto(
        name=f"{package.replace('.', '/')}/late.proto",
        package=package,
        syntax="proto3",
        dependency=[file.name for file in imported],
        message_type=[
            descriptor_pb2.DescriptorProto(
                name=it.name,
                field=[
                    descriptor_pb2.FieldDescriptorProto(
                        name=it.field,
                        number=1,
                        label=_MANY if it.many else _ONE,
                        type=descriptor_pb2.FieldDescriptorProto.TYPE_MESSAGE,
                        type_name=it.type_name,
                    )
                ],
            )
            for it in messages
        ],
    )


for _package, _messages in PACKAGES.items():
    descriptor_pool.Default().Add(_file(_package, _messages))
