import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Object(_message.Message):
    __slots__ = ("kind", "namespace", "name")
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    kind: str
    namespace: str
    name: str
    def __init__(self, kind: _Optional[str] = ..., namespace: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class ListGatewaysRequest(_message.Message):
    __slots__ = ("gateway", "resources")
    GATEWAY_FIELD_NUMBER: _ClassVar[int]
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    gateway: str
    resources: bool
    def __init__(self, gateway: _Optional[str] = ..., resources: _Optional[bool] = ...) -> None: ...

class ListGatewaysResponse(_message.Message):
    __slots__ = ("gateways",)
    GATEWAYS_FIELD_NUMBER: _ClassVar[int]
    gateways: _containers.RepeatedCompositeFieldContainer[Gateway]
    def __init__(self, gateways: _Optional[_Iterable[_Union[Gateway, _Mapping]]] = ...) -> None: ...

class Gateway(_message.Message):
    __slots__ = ("name", "envoys", "resources")
    class ResourcesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    NAME_FIELD_NUMBER: _ClassVar[int]
    ENVOYS_FIELD_NUMBER: _ClassVar[int]
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    name: str
    envoys: _containers.RepeatedCompositeFieldContainer[Envoy]
    resources: _containers.ScalarMap[str, int]
    def __init__(self, name: _Optional[str] = ..., envoys: _Optional[_Iterable[_Union[Envoy, _Mapping]]] = ..., resources: _Optional[_Mapping[str, int]] = ...) -> None: ...

class Envoy(_message.Message):
    __slots__ = ("node", "protocol", "standings", "lag_seconds", "troubles")
    NODE_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    STANDINGS_FIELD_NUMBER: _ClassVar[int]
    LAG_SECONDS_FIELD_NUMBER: _ClassVar[int]
    TROUBLES_FIELD_NUMBER: _ClassVar[int]
    node: str
    protocol: str
    standings: _containers.RepeatedCompositeFieldContainer[Standing]
    lag_seconds: float
    troubles: _containers.RepeatedCompositeFieldContainer[Trouble]
    def __init__(self, node: _Optional[str] = ..., protocol: _Optional[str] = ..., standings: _Optional[_Iterable[_Union[Standing, _Mapping]]] = ..., lag_seconds: _Optional[float] = ..., troubles: _Optional[_Iterable[_Union[Trouble, _Mapping]]] = ...) -> None: ...

class Standing(_message.Message):
    __slots__ = ("type", "synced", "pending", "refusals", "lag_seconds", "resources")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SYNCED_FIELD_NUMBER: _ClassVar[int]
    PENDING_FIELD_NUMBER: _ClassVar[int]
    REFUSALS_FIELD_NUMBER: _ClassVar[int]
    LAG_SECONDS_FIELD_NUMBER: _ClassVar[int]
    RESOURCES_FIELD_NUMBER: _ClassVar[int]
    type: str
    synced: int
    pending: int
    refusals: _containers.RepeatedCompositeFieldContainer[Refusal]
    lag_seconds: float
    resources: _containers.RepeatedCompositeFieldContainer[ResourceStanding]
    def __init__(self, type: _Optional[str] = ..., synced: _Optional[int] = ..., pending: _Optional[int] = ..., refusals: _Optional[_Iterable[_Union[Refusal, _Mapping]]] = ..., lag_seconds: _Optional[float] = ..., resources: _Optional[_Iterable[_Union[ResourceStanding, _Mapping]]] = ...) -> None: ...

class ResourceStanding(_message.Message):
    __slots__ = ("name", "standing", "sent", "acked", "refused")
    NAME_FIELD_NUMBER: _ClassVar[int]
    STANDING_FIELD_NUMBER: _ClassVar[int]
    SENT_FIELD_NUMBER: _ClassVar[int]
    ACKED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    name: str
    standing: str
    sent: str
    acked: str
    refused: str
    def __init__(self, name: _Optional[str] = ..., standing: _Optional[str] = ..., sent: _Optional[str] = ..., acked: _Optional[str] = ..., refused: _Optional[str] = ...) -> None: ...

class Trouble(_message.Message):
    __slots__ = ("gateway", "envoy", "kind", "type", "name", "host", "version", "serves", "words", "seconds", "objects")
    GATEWAY_FIELD_NUMBER: _ClassVar[int]
    ENVOY_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SERVES_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    SECONDS_FIELD_NUMBER: _ClassVar[int]
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    gateway: str
    envoy: str
    kind: str
    type: str
    name: str
    host: str
    version: str
    serves: str
    words: str
    seconds: float
    objects: _containers.RepeatedCompositeFieldContainer[Object]
    def __init__(self, gateway: _Optional[str] = ..., envoy: _Optional[str] = ..., kind: _Optional[str] = ..., type: _Optional[str] = ..., name: _Optional[str] = ..., host: _Optional[str] = ..., version: _Optional[str] = ..., serves: _Optional[str] = ..., words: _Optional[str] = ..., seconds: _Optional[float] = ..., objects: _Optional[_Iterable[_Union[Object, _Mapping]]] = ...) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("name", "version", "words")
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    name: str
    version: str
    words: str
    def __init__(self, name: _Optional[str] = ..., version: _Optional[str] = ..., words: _Optional[str] = ...) -> None: ...

class ListObjectsRequest(_message.Message):
    __slots__ = ("kind", "namespace", "amiss", "name")
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    AMISS_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    kind: str
    namespace: str
    amiss: bool
    name: str
    def __init__(self, kind: _Optional[str] = ..., namespace: _Optional[str] = ..., amiss: _Optional[bool] = ..., name: _Optional[str] = ...) -> None: ...

class ListObjectsResponse(_message.Message):
    __slots__ = ("objects",)
    OBJECTS_FIELD_NUMBER: _ClassVar[int]
    objects: _containers.RepeatedCompositeFieldContainer[ObjectStatus]
    def __init__(self, objects: _Optional[_Iterable[_Union[ObjectStatus, _Mapping]]] = ...) -> None: ...

class ObjectStatus(_message.Message):
    __slots__ = ("object", "conditions", "troubles")
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    CONDITIONS_FIELD_NUMBER: _ClassVar[int]
    TROUBLES_FIELD_NUMBER: _ClassVar[int]
    object: Object
    conditions: _containers.RepeatedCompositeFieldContainer[Condition]
    troubles: _containers.RepeatedCompositeFieldContainer[Trouble]
    def __init__(self, object: _Optional[_Union[Object, _Mapping]] = ..., conditions: _Optional[_Iterable[_Union[Condition, _Mapping]]] = ..., troubles: _Optional[_Iterable[_Union[Trouble, _Mapping]]] = ...) -> None: ...

class GetObjectRequest(_message.Message):
    __slots__ = ("object",)
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    object: Object
    def __init__(self, object: _Optional[_Union[Object, _Mapping]] = ...) -> None: ...

class GetObjectResponse(_message.Message):
    __slots__ = ("status", "places", "changes")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    PLACES_FIELD_NUMBER: _ClassVar[int]
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    status: ObjectStatus
    places: _containers.RepeatedCompositeFieldContainer[Place]
    changes: _containers.RepeatedCompositeFieldContainer[Change]
    def __init__(self, status: _Optional[_Union[ObjectStatus, _Mapping]] = ..., places: _Optional[_Iterable[_Union[Place, _Mapping]]] = ..., changes: _Optional[_Iterable[_Union[Change, _Mapping]]] = ...) -> None: ...

class Place(_message.Message):
    __slots__ = ("gateway", "type", "name", "host", "version", "synced", "envoys")
    GATEWAY_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    SYNCED_FIELD_NUMBER: _ClassVar[int]
    ENVOYS_FIELD_NUMBER: _ClassVar[int]
    gateway: str
    type: str
    name: str
    host: str
    version: str
    synced: int
    envoys: int
    def __init__(self, gateway: _Optional[str] = ..., type: _Optional[str] = ..., name: _Optional[str] = ..., host: _Optional[str] = ..., version: _Optional[str] = ..., synced: _Optional[int] = ..., envoys: _Optional[int] = ...) -> None: ...

class Condition(_message.Message):
    __slots__ = ("part", "type", "status", "reason", "message", "observed_generation", "amiss")
    PART_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    OBSERVED_GENERATION_FIELD_NUMBER: _ClassVar[int]
    AMISS_FIELD_NUMBER: _ClassVar[int]
    part: str
    type: str
    status: str
    reason: str
    message: str
    observed_generation: int
    amiss: bool
    def __init__(self, part: _Optional[str] = ..., type: _Optional[str] = ..., status: _Optional[str] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ..., observed_generation: _Optional[int] = ..., amiss: _Optional[bool] = ...) -> None: ...

class GetSnapshotRequest(_message.Message):
    __slots__ = ("gateway", "type", "name", "version", "host")
    GATEWAY_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    gateway: str
    type: str
    name: str
    version: str
    host: str
    def __init__(self, gateway: _Optional[str] = ..., type: _Optional[str] = ..., name: _Optional[str] = ..., version: _Optional[str] = ..., host: _Optional[str] = ...) -> None: ...

class Resource(_message.Message):
    __slots__ = ("type", "name", "version", "json", "host", "more")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    JSON_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    MORE_FIELD_NUMBER: _ClassVar[int]
    type: str
    name: str
    version: str
    json: str
    host: str
    more: bool
    def __init__(self, type: _Optional[str] = ..., name: _Optional[str] = ..., version: _Optional[str] = ..., json: _Optional[str] = ..., host: _Optional[str] = ..., more: _Optional[bool] = ...) -> None: ...

class ListChangesRequest(_message.Message):
    __slots__ = ("gateway", "after", "limit", "contents")
    GATEWAY_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CONTENTS_FIELD_NUMBER: _ClassVar[int]
    gateway: str
    after: int
    limit: int
    contents: bool
    def __init__(self, gateway: _Optional[str] = ..., after: _Optional[int] = ..., limit: _Optional[int] = ..., contents: _Optional[bool] = ...) -> None: ...

class ListChangesResponse(_message.Message):
    __slots__ = ("changes",)
    CHANGES_FIELD_NUMBER: _ClassVar[int]
    changes: _containers.RepeatedCompositeFieldContainer[Change]
    def __init__(self, changes: _Optional[_Iterable[_Union[Change, _Mapping]]] = ...) -> None: ...

class WatchChangesRequest(_message.Message):
    __slots__ = ("gateway", "contents")
    GATEWAY_FIELD_NUMBER: _ClassVar[int]
    CONTENTS_FIELD_NUMBER: _ClassVar[int]
    gateway: str
    contents: bool
    def __init__(self, gateway: _Optional[str] = ..., contents: _Optional[bool] = ...) -> None: ...

class Change(_message.Message):
    __slots__ = ("number", "time", "causes", "causes_left_out", "edits", "edits_left_out")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    CAUSES_FIELD_NUMBER: _ClassVar[int]
    CAUSES_LEFT_OUT_FIELD_NUMBER: _ClassVar[int]
    EDITS_FIELD_NUMBER: _ClassVar[int]
    EDITS_LEFT_OUT_FIELD_NUMBER: _ClassVar[int]
    number: int
    time: _timestamp_pb2.Timestamp
    causes: _containers.RepeatedCompositeFieldContainer[Object]
    causes_left_out: int
    edits: _containers.RepeatedCompositeFieldContainer[Edit]
    edits_left_out: int
    def __init__(self, number: _Optional[int] = ..., time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., causes: _Optional[_Iterable[_Union[Object, _Mapping]]] = ..., causes_left_out: _Optional[int] = ..., edits: _Optional[_Iterable[_Union[Edit, _Mapping]]] = ..., edits_left_out: _Optional[int] = ...) -> None: ...

class Edit(_message.Message):
    __slots__ = ("gateway", "type", "name", "host", "before", "after", "before_json", "after_json")
    GATEWAY_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    BEFORE_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    BEFORE_JSON_FIELD_NUMBER: _ClassVar[int]
    AFTER_JSON_FIELD_NUMBER: _ClassVar[int]
    gateway: str
    type: str
    name: str
    host: str
    before: str
    after: str
    before_json: str
    after_json: str
    def __init__(self, gateway: _Optional[str] = ..., type: _Optional[str] = ..., name: _Optional[str] = ..., host: _Optional[str] = ..., before: _Optional[str] = ..., after: _Optional[str] = ..., before_json: _Optional[str] = ..., after_json: _Optional[str] = ...) -> None: ...

class ExplainRequest(_message.Message):
    __slots__ = ("method", "url", "headers", "server_name", "gateway")
    METHOD_FIELD_NUMBER: _ClassVar[int]
    URL_FIELD_NUMBER: _ClassVar[int]
    HEADERS_FIELD_NUMBER: _ClassVar[int]
    SERVER_NAME_FIELD_NUMBER: _ClassVar[int]
    GATEWAY_FIELD_NUMBER: _ClassVar[int]
    method: str
    url: str
    headers: _containers.RepeatedScalarFieldContainer[str]
    server_name: str
    gateway: str
    def __init__(self, method: _Optional[str] = ..., url: _Optional[str] = ..., headers: _Optional[_Iterable[str]] = ..., server_name: _Optional[str] = ..., gateway: _Optional[str] = ...) -> None: ...

class ExplainResponse(_message.Message):
    __slots__ = ("explanations",)
    EXPLANATIONS_FIELD_NUMBER: _ClassVar[int]
    explanations: _containers.RepeatedCompositeFieldContainer[Explanation]
    def __init__(self, explanations: _Optional[_Iterable[_Union[Explanation, _Mapping]]] = ...) -> None: ...

class Explanation(_message.Message):
    __slots__ = ("gateway", "listener", "chain", "table", "host", "considered", "won", "words", "status", "hints", "policies", "troubles")
    GATEWAY_FIELD_NUMBER: _ClassVar[int]
    LISTENER_FIELD_NUMBER: _ClassVar[int]
    CHAIN_FIELD_NUMBER: _ClassVar[int]
    TABLE_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    CONSIDERED_FIELD_NUMBER: _ClassVar[int]
    WON_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    HINTS_FIELD_NUMBER: _ClassVar[int]
    POLICIES_FIELD_NUMBER: _ClassVar[int]
    TROUBLES_FIELD_NUMBER: _ClassVar[int]
    gateway: str
    listener: str
    chain: str
    table: str
    host: str
    considered: _containers.RepeatedCompositeFieldContainer[Considered]
    won: _containers.RepeatedCompositeFieldContainer[Won]
    words: str
    status: int
    hints: _containers.RepeatedScalarFieldContainer[str]
    policies: _containers.RepeatedCompositeFieldContainer[Policy]
    troubles: _containers.RepeatedCompositeFieldContainer[Trouble]
    def __init__(self, gateway: _Optional[str] = ..., listener: _Optional[str] = ..., chain: _Optional[str] = ..., table: _Optional[str] = ..., host: _Optional[str] = ..., considered: _Optional[_Iterable[_Union[Considered, _Mapping]]] = ..., won: _Optional[_Iterable[_Union[Won, _Mapping]]] = ..., words: _Optional[str] = ..., status: _Optional[int] = ..., hints: _Optional[_Iterable[str]] = ..., policies: _Optional[_Iterable[_Union[Policy, _Mapping]]] = ..., troubles: _Optional[_Iterable[_Union[Trouble, _Mapping]]] = ...) -> None: ...

class Policy(_message.Message):
    __slots__ = ("object", "target", "words")
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    TARGET_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    object: Object
    target: str
    words: str
    def __init__(self, object: _Optional[_Union[Object, _Mapping]] = ..., target: _Optional[str] = ..., words: _Optional[str] = ...) -> None: ...

class Considered(_message.Message):
    __slots__ = ("route", "object", "lost", "percent")
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    PERCENT_FIELD_NUMBER: _ClassVar[int]
    route: str
    object: str
    lost: str
    percent: float
    def __init__(self, route: _Optional[str] = ..., object: _Optional[str] = ..., lost: _Optional[str] = ..., percent: _Optional[float] = ...) -> None: ...

class Won(_message.Message):
    __slots__ = ("route", "object", "percent", "kind", "words", "status", "destinations", "mirrors", "filters", "path", "host", "location")
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    PERCENT_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    DESTINATIONS_FIELD_NUMBER: _ClassVar[int]
    MIRRORS_FIELD_NUMBER: _ClassVar[int]
    FILTERS_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    LOCATION_FIELD_NUMBER: _ClassVar[int]
    route: str
    object: str
    percent: float
    kind: str
    words: str
    status: int
    destinations: _containers.RepeatedCompositeFieldContainer[Destination]
    mirrors: _containers.RepeatedScalarFieldContainer[str]
    filters: _containers.RepeatedScalarFieldContainer[str]
    path: str
    host: str
    location: str
    def __init__(self, route: _Optional[str] = ..., object: _Optional[str] = ..., percent: _Optional[float] = ..., kind: _Optional[str] = ..., words: _Optional[str] = ..., status: _Optional[int] = ..., destinations: _Optional[_Iterable[_Union[Destination, _Mapping]]] = ..., mirrors: _Optional[_Iterable[str]] = ..., filters: _Optional[_Iterable[str]] = ..., path: _Optional[str] = ..., host: _Optional[str] = ..., location: _Optional[str] = ...) -> None: ...

class Destination(_message.Message):
    __slots__ = ("cluster", "percent", "words", "endpoints")
    CLUSTER_FIELD_NUMBER: _ClassVar[int]
    PERCENT_FIELD_NUMBER: _ClassVar[int]
    WORDS_FIELD_NUMBER: _ClassVar[int]
    ENDPOINTS_FIELD_NUMBER: _ClassVar[int]
    cluster: str
    percent: float
    words: str
    endpoints: _containers.RepeatedCompositeFieldContainer[Endpoint]
    def __init__(self, cluster: _Optional[str] = ..., percent: _Optional[float] = ..., words: _Optional[str] = ..., endpoints: _Optional[_Iterable[_Union[Endpoint, _Mapping]]] = ...) -> None: ...

class Endpoint(_message.Message):
    __slots__ = ("address", "health")
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    HEALTH_FIELD_NUMBER: _ClassVar[int]
    address: str
    health: str
    def __init__(self, address: _Optional[str] = ..., health: _Optional[str] = ...) -> None: ...
