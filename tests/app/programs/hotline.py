"""A hotline as a program of its own, written from docs/programs.md and nothing else.

It files the reports that stand in a file (a JSON object a line), singly or as batches, and follows
their states until all of them have been told. `python hotline.py URL KEY FILE [--batch N]`; it
writes a line of JSON for each answer, and at its end one with the states.
"""

import json
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path


def ask(url, key, body=None):
    """Status and JSON of an answer; tries again as long as the server says so."""
    while True:
        request = urllib.request.Request(url, headers={"X-Minqing-Key": key})
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refused:
            if refused.code == 503:
                time.sleep(float(refused.headers["Retry-After"]))
                continue
            return refused.code, json.load(refused)


def told(**line):
    """Say what happened."""
    sys.stdout.write(json.dumps(line) + "\n")


def main(city, key, path, batch=0):
    """File, then follow."""
    lines = Path(path).read_text("utf-8").splitlines()
    reports = [json.loads(line) for line in lines]
    since = ask(f"{city}/api/v1/incidents/states", key)[1]["next"]
    filed = set()
    parts = [reports[i : i + batch] for i in range(0, len(reports), batch)] if batch else []
    for part in parts:
        status, answer = ask(f"{city}/api/v1/incidents/batch", key, {"reports": part})
        told(code=status, **answer)
        filed |= {item["id"] for item in answer.get("items", []) if item["became"] != "refused"}
    for report in reports if not batch else []:
        status, answer = ask(f"{city}/api/v1/incidents", key, report)
        told(code=status, **answer)
        if status in (200, 201):
            filed.add(answer["id"])
    states, waits = {}, 0
    while not filed <= states.keys() and waits < 300:
        status, answer = ask(f"{city}/api/v1/incidents/states?since={since}", key)
        since = answer["next"]
        states |= {item["id"]: item["status"] for item in answer["items"]}
        if not answer["more"]:
            waits += 1
            time.sleep(0.1)
    told(states={each: states.get(each) for each in sorted(filed)})


if __name__ == "__main__":
    main(*sys.argv[1:4], batch=int(sys.argv[5]) if len(sys.argv) > 5 else 0)
