"""A topic of SNS, and a queue that hears what it is told."""

import json
import uuid


class Topic:
    """A topic with one subscriber.

    Args:
        server: Which speaks AWS.
        fifo: Whether it is a FIFO topic.
    """

    def __init__(self, server, *, fifo):
        name = uuid.uuid4().hex + (".fifo" if fifo else "")
        kind = {"Attributes": {"FifoTopic": "true"}} if fifo else {}
        sns, self._sqs = server.client("sns"), server.client("sqs")
        self.arn = sns.create_topic(Name=name, **kind)["TopicArn"]
        kind = {"Attributes": {"FifoQueue": "true"}} if fifo else {}
        self._url = self._sqs.create_queue(QueueName=name, **kind)["QueueUrl"]
        queue = self._sqs.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        sns.subscribe(TopicArn=self.arn, Protocol="sqs", Endpoint=queue["Attributes"]["QueueArn"])
        self._heard = []

    def heard(self):
        """All that came so far, each as SNS wraps it."""
        while found := self._sqs.receive_message(QueueUrl=self._url, MaxNumberOfMessages=10).get("Messages"):
            for each in found:
                self._sqs.delete_message(QueueUrl=self._url, ReceiptHandle=each["ReceiptHandle"])
                self._heard.append(json.loads(each["Body"]))
        return self._heard

    def ids(self):
        """The ids of jobs that it was told of, each as often as it was."""
        return [json.loads(each["Message"])["id"] for each in self.heard()]
