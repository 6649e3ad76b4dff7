"""The emulated Application Insights, identity and Azure ML of a running emulator, as plain requests reach them."""

import base64
import json
from contextlib import contextmanager
from operator import itemgetter

from azure_emulators import Azure, azure_emulator
from emulators import until

_PUBLISHED = "published"


class Workspace:
    """What answers where: `plain`, `secure`, `certificate`, `workspace`, `resource`."""

    def __init__(self, azure: Azure):
        import requests

        run = azure.run
        self.plain, self.secure, self.certificate = run["insights"], run["secure"], run["certificate"]
        self.workspace, self.resource, self.variables = run["workspace"], run["resource"], run["variables"]
        self.http = requests.Session()
        self.http.verify, self.http.trust_env = self.certificate, False
        self.chaos, self.status = azure.chaos, lambda: azure.admin("GET", "/status")
        self._told, self._queue = [], azure.queue(_PUBLISHED)
        self._queue.create_queue()
        azure.subscribe(_PUBLISHED, "machine-learning", {"queue": _PUBLISHED})

    def token(self, audience):
        asked = {"resource": audience, "api-version": "2019-08-01"}
        shown = {"X-IDENTITY-HEADER": self.variables["IDENTITY_HEADER"]}
        answer = self.http.get(self.variables["IDENTITY_ENDPOINT"], params=asked, headers=shown)
        return answer.json()["access_token"]

    def told_of(self, subject, count=1):
        """The first *count* events or more of what a subject ends with, oldest first."""

        def found():
            return [event for event in self._all_told() if event["subject"].endswith(subject)]

        until(lambda: len(found()) >= count)
        return sorted(found(), key=itemgetter("eventTime"))

    def _all_told(self):
        """What Azure ML has told so far."""
        for message in self._queue.receive_messages(messages_per_page=32):
            self._told.append(json.loads(base64.b64decode(message.content)))
            self._queue.delete_message(message)
        return self._told

    def track(self, *envelopes):
        return self.http.post(f"{self.plain}/v2.1/track", json=list(envelopes))

    def ask(self, query, **more):
        headers = {"Authorization": f"Bearer {self.token('https://api.loganalytics.io')}"}
        url = f"{self.secure}/v1/workspaces/{self.workspace}/query"
        return self.http.post(url, json={"query": query, **more}, headers=headers)

    def rows(self, query, **more):
        """The rows as mappings."""
        answer = self.ask(query, **more)
        assert answer.status_code == 200, answer.text
        [table] = answer.json()["tables"]
        names = [column["name"] for column in table["columns"]]
        return [dict(zip(names, row, strict=True)) for row in table["rows"]]


@contextmanager
def own_workspace(folder):
    """One of an emulator that nobody else asks, an emulated minute in a second, as long as the block runs."""
    with azure_emulator(folder, "--scale", "60") as azure:
        yield Workspace(azure)
