from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Permission(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PERMISSION_UNSPECIFIED: _ClassVar[Permission]
    PERMISSION_NONE: _ClassVar[Permission]
    PERMISSION_VIEW: _ClassVar[Permission]
    PERMISSION_READ: _ClassVar[Permission]
    PERMISSION_WRITE: _ClassVar[Permission]

class PatternType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PATTERN_TYPE_UNSPECIFIED: _ClassVar[PatternType]
    PATTERN_TYPE_GLOB: _ClassVar[PatternType]
    PATTERN_TYPE_DIRECTORY: _ClassVar[PatternType]
    PATTERN_TYPE_FILE: _ClassVar[PatternType]
PERMISSION_UNSPECIFIED: Permission
PERMISSION_NONE: Permission
PERMISSION_VIEW: Permission
PERMISSION_READ: Permission
PERMISSION_WRITE: Permission
PATTERN_TYPE_UNSPECIFIED: PatternType
PATTERN_TYPE_GLOB: PatternType
PATTERN_TYPE_DIRECTORY: PatternType
PATTERN_TYPE_FILE: PatternType

class Empty(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class PermissionRule(_message.Message):
    __slots__ = ("pattern", "type", "permission", "priority")
    PATTERN_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    PERMISSION_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    pattern: str
    type: PatternType
    permission: Permission
    priority: int
    def __init__(self, pattern: _Optional[str] = ..., type: _Optional[_Union[PatternType, str]] = ..., permission: _Optional[_Union[Permission, str]] = ..., priority: _Optional[int] = ...) -> None: ...

class SkippedFile(_message.Message):
    __slots__ = ("path", "reason", "path_bytes")
    PATH_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    PATH_BYTES_FIELD_NUMBER: _ClassVar[int]
    path: str
    reason: str
    path_bytes: bytes
    def __init__(self, path: _Optional[str] = ..., reason: _Optional[str] = ..., path_bytes: _Optional[bytes] = ...) -> None: ...

class ErrorInfo(_message.Message):
    __slots__ = ("reason", "op", "id", "path", "errno")
    REASON_FIELD_NUMBER: _ClassVar[int]
    OP_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    ERRNO_FIELD_NUMBER: _ClassVar[int]
    reason: str
    op: str
    id: str
    path: str
    errno: str
    def __init__(self, reason: _Optional[str] = ..., op: _Optional[str] = ..., id: _Optional[str] = ..., path: _Optional[str] = ..., errno: _Optional[str] = ...) -> None: ...
