"""The tables of Application Insights: the one place that says which columns there are, by both of their names.

A resource's own queries say `customEvents`, those of its workspace `AppEvents`; the columns are the same under other
names. DuckDB's tables and views, and the schema that checks of queries read, are made from what stands here.
"""

from dataclasses import dataclass

from emulated_azure.names import SUBSCRIPTION, WORKSPACE

STRING, REAL, INT, LONG, BOOL, DATETIME, DYNAMIC = "string", "real", "int", "long", "bool", "datetime", "dynamic"
SQL_TYPES = {
    STRING: "VARCHAR",
    REAL: "DOUBLE",
    INT: "INTEGER",
    LONG: "BIGINT",
    BOOL: "BOOLEAN",
    DATETIME: "TIMESTAMP",
    DYNAMIC: "JSON",
}


@dataclass(frozen=True, slots=True)
class Column:
    """A column.

    Attributes:
        name: In the classic table; empty if only the workspace has it.
        type: As Kusto calls it.
        workspace: In the workspace's table; empty if only the classic one has it.
        tag: The envelope's tag that fills it.
        constant: In the workspace's table, the text in every row instead of a column's value.
        shown: Whether the classic table shows it.
    """

    name: str
    type: str
    workspace: str
    tag: str = ""
    constant: str | None = None
    shown: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """A table of telemetry.

    Attributes:
        name: The classic one.
        workspace: The workspace's name of it.
        item: What `itemType` says of its rows.
        kind: The envelope's `baseType`.
        own: The columns that not every table has.
    """

    name: str
    workspace: str
    item: str
    kind: str
    own: tuple[Column, ...]

    @property
    def stored(self) -> str:
        """DuckDB's name of what the views of both names show."""
        return f"stored_{self.name}"

    @property
    def columns(self) -> tuple[Column, ...]:
        """Those of every table, then its own."""
        return COMMON + self.own


COMMON = (
    Column("timestamp", DATETIME, "TimeGenerated"),
    Column("itemId", STRING, "_ItemId"),
    Column("itemType", STRING, ""),
    Column("itemCount", INT, ""),
    Column("customDimensions", DYNAMIC, "Properties"),
    Column("operation_Name", STRING, "OperationName", "ai.operation.name"),
    Column("operation_Id", STRING, "OperationId", "ai.operation.id"),
    Column("operation_ParentId", STRING, "ParentId", "ai.operation.parentId"),
    Column("operation_SyntheticSource", STRING, "SyntheticSource", "ai.operation.syntheticSource"),
    Column("session_Id", STRING, "SessionId", "ai.session.id"),
    Column("user_Id", STRING, "UserId", "ai.user.id"),
    Column("user_AuthenticatedId", STRING, "UserAuthenticatedId", "ai.user.authUserId"),
    Column("user_AccountId", STRING, "UserAccountId", "ai.user.accountId"),
    Column("application_Version", STRING, "AppVersion", "ai.application.ver"),
    Column("client_Type", STRING, "ClientType", "ai.device.type"),
    Column("client_Model", STRING, "ClientModel", "ai.device.model"),
    Column("client_OS", STRING, "ClientOS", "ai.device.osVersion"),
    Column("client_IP", STRING, "ClientIP", "ai.location.ip"),
    Column("client_City", STRING, "ClientCity", "ai.location.city"),
    Column("client_StateOrProvince", STRING, "ClientStateOrProvince", "ai.location.province"),
    Column("client_CountryOrRegion", STRING, "ClientCountryOrRegion", "ai.location.country"),
    Column("client_Browser", STRING, "ClientBrowser"),
    Column("cloud_RoleName", STRING, "AppRoleName", "ai.cloud.role"),
    Column("cloud_RoleInstance", STRING, "AppRoleInstance", "ai.cloud.roleInstance"),
    Column("appId", STRING, "ResourceGUID"),
    Column("appName", STRING, ""),
    Column("iKey", STRING, "IKey"),
    Column("sdkVersion", STRING, "SDKVersion", "ai.internal.sdkVersion"),
    Column("_ResourceId", STRING, "_ResourceId"),
    Column("_BilledSize", REAL, "_BilledSize", shown=False),
    Column("", STRING, "_IsBillable", constant="true"),
    Column("", STRING, "_SubscriptionId", constant=SUBSCRIPTION),
    Column("", STRING, "SourceSystem", constant="Azure"),
    Column("", STRING, "TenantId", constant=WORKSPACE),
)
ITEM_COUNT = Column("itemCount", INT, "ItemCount")
MEASUREMENTS = Column("customMeasurements", DYNAMIC, "Measurements")
TIMED = (
    Column("id", STRING, "Id"),
    Column("name", STRING, "Name"),
    Column("success", BOOL, "Success"),
    Column("resultCode", STRING, "ResultCode"),
    Column("duration", REAL, "DurationMs"),
    Column("performanceBucket", STRING, "PerformanceBucket"),
    MEASUREMENTS,
)

TABLES = (
    Table(
        "customMetrics",
        "AppMetrics",
        "customMetric",
        "MetricData",
        (
            Column("name", STRING, "Name"),
            Column("value", REAL, ""),
            Column("valueCount", INT, "ItemCount"),
            Column("valueSum", REAL, "Sum"),
            Column("valueMin", REAL, "Min"),
            Column("valueMax", REAL, "Max"),
            Column("valueStdDev", REAL, ""),
        ),
    ),
    Table(
        "traces",
        "AppTraces",
        "trace",
        "MessageData",
        (Column("message", STRING, "Message"), Column("severityLevel", INT, "SeverityLevel"), MEASUREMENTS),
    ),
    Table("customEvents", "AppEvents", "customEvent", "EventData", (Column("name", STRING, "Name"), MEASUREMENTS)),
    Table(
        "requests",
        "AppRequests",
        "request",
        "RequestData",
        (*TIMED, Column("source", STRING, "Source"), Column("url", STRING, "Url")),
    ),
    Table(
        "dependencies",
        "AppDependencies",
        "dependency",
        "RemoteDependencyData",
        (
            *TIMED,
            Column("target", STRING, "Target"),
            Column("type", STRING, "DependencyType"),
            Column("data", STRING, "Data"),
        ),
    ),
    Table(
        "exceptions",
        "AppExceptions",
        "exception",
        "ExceptionData",
        (
            Column("problemId", STRING, "ProblemId"),
            Column("handledAt", STRING, "HandledAt"),
            Column("type", STRING, "ExceptionType"),
            Column("message", STRING, "Message"),
            Column("assembly", STRING, "Assembly"),
            Column("method", STRING, "Method"),
            Column("outerType", STRING, "OuterType"),
            Column("outerMessage", STRING, "OuterMessage"),
            Column("outerAssembly", STRING, "OuterAssembly"),
            Column("outerMethod", STRING, "OuterMethod"),
            Column("innermostType", STRING, "InnermostType"),
            Column("innermostMessage", STRING, "InnermostMessage"),
            Column("innermostAssembly", STRING, "InnermostAssembly"),
            Column("innermostMethod", STRING, "InnermostMethod"),
            Column("severityLevel", INT, "SeverityLevel"),
            Column("details", DYNAMIC, "Details"),
            MEASUREMENTS,
        ),
    ),
)
BY_KIND = {table.kind: table for table in TABLES}

# How much the workspace took, by hour and table, in millions of bytes. In Azure an hour is told of when it is over.
USAGE = {
    "TimeGenerated": DATETIME,
    "StartTime": DATETIME,
    "EndTime": DATETIME,
    "DataType": STRING,
    "Quantity": REAL,
    "QuantityUnit": STRING,
    "IsBillable": BOOL,
    "Type": STRING,
}
TIMES = {table.name: "timestamp" for table in TABLES} | {table.workspace: "TimeGenerated" for table in TABLES}
TIMES |= {"Usage": "TimeGenerated"}


def workspace_columns(table: Table) -> tuple[Column, ...]:
    """The columns of the workspace's view of *table*; a metric's ItemCount is how many values it sums up."""
    more = () if any(column.workspace == "ItemCount" for column in table.own) else (ITEM_COUNT,)
    kind = Column("", STRING, "Type", constant=table.workspace)
    return tuple(column for column in (*table.columns, *more, kind) if column.workspace)


def schema() -> dict[str, dict[str, str]]:
    """By table, of both names, its columns and their types."""
    classic = {
        table.name: {each.name: each.type for each in table.columns if each.name and each.shown} for table in TABLES
    }
    views = {table.workspace: {each.workspace: each.type for each in workspace_columns(table)} for table in TABLES}
    return classic | views | {"Usage": dict(USAGE)}


def statements() -> list[str]:
    """The SQL that makes all tables and views."""
    made = []
    for table in TABLES:
        columns = ", ".join(f'"{each.name}" {SQL_TYPES[each.type]}' for each in table.columns if each.name)
        made.append(f'CREATE TABLE "{table.stored}" ({columns})')
        classic = ", ".join(f'"{each.name}"' for each in table.columns if each.name and each.shown)
        made.append(f'CREATE VIEW "{table.name}" AS SELECT {classic} FROM "{table.stored}"')  # noqa: S608 (our own names)
        shown = ", ".join(f'{_source(each)} AS "{each.workspace}"' for each in workspace_columns(table))
        made.append(f'CREATE VIEW "{table.workspace}" AS SELECT {shown} FROM "{table.stored}"')  # noqa: S608 (our own names)
    return [*made, _usage()]


def _usage() -> str:
    taken = " UNION ALL ".join(
        f'SELECT "timestamp", \'{table.workspace}\' AS kind, "_BilledSize" AS size FROM "{table.stored}"'  # noqa: S608 (our own names)
        for table in TABLES
    )
    hour = "date_trunc('hour', \"timestamp\")"
    return f"""CREATE VIEW "Usage" AS SELECT {hour} + INTERVAL 1 HOUR AS "TimeGenerated", {hour} AS "StartTime",
        {hour} + INTERVAL 1 HOUR AS "EndTime", kind AS "DataType", sum(size) / 1000000 AS "Quantity",
        'MBytes' AS "QuantityUnit", true AS "IsBillable", 'Usage' AS "Type"
        FROM ({taken}) GROUP BY {hour}, kind"""  # noqa: S608 (our own names)


def _source(column: Column) -> str:
    return f'"{column.name}"' if column.constant is None else f"'{column.constant}'"
