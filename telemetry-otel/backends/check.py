"""Runs the example into a collector and Phoenix, and compares what arrived with what the example says it did."""

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path

PROJECT = "airline"
# The shared conversations, where they stand beside the repository; else the example's own one.
SHARED = Path("../shared/data/airline-conversations.jsonl")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as response:
        return json.load(response)


def wait_for(what, seconds, ready):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if (found := ready()) is not None:
                return found
        except OSError:
            pass
        time.sleep(0.3)
    sys.exit(f"failed: {what} within {seconds} s")


class Backends:
    """Phoenix, and a collector for each signal: one prints only one of them."""

    def __init__(self, venv, scratch):
        self.processes = []
        self.scratch = scratch
        self.phoenix = free_port()
        grpc = free_port()
        environment = os.environ | {
            "PHOENIX_WORKING_DIR": str(scratch / "phoenix"),
            "PHOENIX_HOST": "127.0.0.1",
            "PHOENIX_PORT": str(self.phoenix),
            "PHOENIX_GRPC_PORT": str(grpc),
            "PHOENIX_TELEMETRY_ENABLED": "false",
            "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
            "PHOENIX_DISABLE_AGENT_ASSISTANT": "true",
        }
        (scratch / "phoenix").mkdir()
        self.start("phoenix", [venv / "bin" / "phoenix", "serve"], environment)
        rotel = next(venv.glob("lib/python3*/site-packages/rotel/rotel-agent"))
        # By gRPC Phoenix takes no message of more than 4 MiB, and the collector makes one of many. Told to
        # make smaller ones (`--batch-max-size`), it forgets the resource of what it splits off.
        to_phoenix = ["otlp", "--otlp-exporter-endpoint", self.url(""), "--otlp-exporter-protocol", "http"]
        self.collectors = {}
        for signal, exporter in [("traces", to_phoenix), ("metrics", ["blackhole"]), ("logs", ["blackhole"])]:
            port = self.collectors[signal] = free_port()
            command = [rotel, "start", "--otlp-http-endpoint", f"127.0.0.1:{port}"]
            command += ["--otlp-grpc-endpoint", f"127.0.0.1:{free_port()}"]
            command += ["--pid-file", scratch / f"{signal}.pid", "--debug-log", signal]
            command += ["--debug-log-verbosity", "detailed", "--exporter", *exporter]
            self.start(signal, command, os.environ)

    def start(self, name, command, environment):
        with open(self.scratch / f"{name}.log", "wb") as log:
            self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, env=environment))

    def url(self, path):
        return f"http://127.0.0.1:{self.phoenix}{path}"

    def wait(self):
        def healthy():
            with urllib.request.urlopen(self.url("/healthz"), timeout=2) as response:
                return response.status == 200 or None

        # Eleven seconds on a machine with nothing else to do.
        wait_for("Phoenix starts", 300, healthy)
        for port in self.collectors.values():
            wait_for("the collector starts", 20, lambda port=port: socket.create_connection(("127.0.0.1", port)).close() or True)

    def stop(self):
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()

    def log(self, name):
        return (self.scratch / f"{name}.log").read_text(errors="replace")


def run_agent(agent, backends):
    environment = os.environ | {
        "OTEL_SERVICE_NAME": "airline-agent",
        "OTEL_RESOURCE_ATTRIBUTES": f"openinference.project.name={PROJECT}",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    for signal, port in backends.collectors.items():
        environment[f"OTEL_EXPORTER_OTLP_{signal.upper()}_ENDPOINT"] = f"http://127.0.0.1:{port}/v1/{signal}"
    command = [agent, "--quiet", "--json", "--otlp"]
    if SHARED.exists():
        command += ["--conversations", SHARED]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    print(done.stderr, end="", file=sys.stderr)
    if done.returncode:
        sys.exit("failed: the example")
    if "warning" in done.stderr:
        sys.exit("failed: the example could not export everything")
    return json.loads(done.stdout)


def all_spans(backends):
    spans, cursor = [], ""
    while True:
        page = get(backends.url(f"/v1/projects/{PROJECT}/spans?limit=1000{cursor}"))
        spans += page["data"]
        if not page.get("next_cursor"):
            return spans
        cursor = f"&cursor={page['next_cursor']}"


def settled(backends, expected):
    """All spans, once there are enough, or no more have come for a while: Phoenix takes its time."""
    count, last = 0, time.monotonic()
    while count < expected and time.monotonic() < last + 60:
        time.sleep(0.5)
        found = project(backends).get("recordCount", 0)
        if found > count:
            count, last = found, time.monotonic()
    # Whether there are more than there should be.
    time.sleep(3)
    return all_spans(backends)


def project(backends):
    query = "query { projects { edges { node { name recordCount traceCount tokenCountTotal } } } }"
    projects = get(backends.url("/graphql"), {"query": query})["data"]["projects"]["edges"]
    return next((edge["node"] for edge in projects if edge["node"]["name"] == PROJECT), {})


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def equal(self, what, found, expected):
        if found == expected:
            self.passed += 1
            print(f"ok    {what}: {found}")
        else:
            self.failed += 1
            print(f"FAIL  {what}: {found}, expected {expected}")

    def true(self, what, holds):
        self.equal(what, bool(holds), True)


def check(summary, spans, backends):
    checks = Checks()
    kinds = Counter(span["span_kind"] for span in spans)
    total = summary["agents"] + summary["subagents"] + summary["llm_turns"] + summary["tool_calls"]
    checks.equal("spans", len(spans), total)
    checks.equal("agents", kinds["AGENT"], summary["agents"])
    checks.equal("model calls", kinds["LLM"], summary["llm_turns"])
    checks.equal("tools", kinds["TOOL"], summary["tool_calls"])
    checks.equal("delegations", kinds["CHAIN"], summary["subagents"])

    by_id = {span["context"]["span_id"]: span for span in spans}
    checks.equal("span ids", len(by_id), len(spans))
    parents = Counter()
    for span in spans:
        parent = by_id.get(span["parent_id"])
        parents[span["span_kind"], parent and parent["span_kind"]] += 1
        if span["parent_id"] and parent is None:
            checks.true(f"parent of {span['name']} arrived", False)
        if parent and parent["context"]["trace_id"] != span["context"]["trace_id"]:
            checks.true(f"{span['name']} is in its parent's trace", False)
    checks.equal("model calls below an agent", parents["LLM", "AGENT"], summary["llm_turns"])
    checks.equal("tools below an agent", parents["TOOL", "AGENT"], summary["tool_calls"])
    checks.true("every root is an agent", all(kind == "AGENT" for kind, parent in parents if parent is None))

    def names(kind):
        return {span["name"] for span in spans if span["span_kind"] == kind}

    def attribute(span, name):
        return span["attributes"].get(name)

    spoken = {
        span["parent_id"]
        for span in spans
        if span["span_kind"] == "LLM" and attribute(span, "output.mime_type") == "text/plain"
    }

    def says(span):
        return span["span_kind"] != "AGENT" or span["context"]["span_id"] in spoken

    checks.true("agents are called invoke_agent", all(name.startswith("invoke_agent ") for name in names("AGENT")))
    checks.true("model calls are called chat", all(name.startswith("chat ") for name in names("LLM")))
    checks.true("tools are called execute_tool", all(name.startswith("execute_tool ") for name in names("TOOL")))

    tokens = summary["tokens"]
    models = [span for span in spans if span["span_kind"] == "LLM"]
    for kind, name in [("prompt", "llm.token_count.prompt"), ("completion", "llm.token_count.completion")]:
        checks.equal(f"{kind} tokens", sum(attribute(span, name) or 0 for span in models), tokens[kind])
    unknown = sum(attribute(span, "llm.token_count.prompt") is None for span in models)
    checks.equal("model calls without tokens", unknown, tokens["turns_without"])

    errors = Counter(span["span_kind"] for span in spans if span["status_code"] == "ERROR")
    checks.equal("failed model calls", errors["LLM"], summary["llm_failures"])
    checks.equal("failed tools", errors["TOOL"], summary["tool_failures"])
    checks.equal("failed agents", errors["AGENT"], summary["agent_failures"])
    checks.true(
        "every failure says what it was",
        all(attribute(span, "error.type") for span in spans if span["status_code"] == "ERROR"),
    )

    sessions = {attribute(span, "session.id") for span in spans}
    checks.equal("sessions on spans", len(sessions), summary["sessions"])
    listed = get(backends.url(f"/v1/projects/{PROJECT}/sessions?limit=1000"))["data"]
    print(f"      Phoenix lists {len(listed)} sessions")
    checks.true("Phoenix lists sessions", 0 < len(listed) <= summary["sessions"])

    for kind, what in [("AGENT", "agents"), ("LLM", "model calls"), ("TOOL", "tools")]:
        some = [span for span in spans if span["span_kind"] == kind and span["status_code"] != "ERROR"]
        silent = [span for span in some if attribute(span, "input.value") is None]
        # An agent whose models only called tools, until the conversation ended, has said nothing.
        silent += [span for span in some if attribute(span, "output.value") is None and says(span)]
        checks.equal(f"{what} without input or output", Counter(span["name"] for span in silent), Counter())
    bubbles = [span for span in models if attribute(span, "llm.input_messages.0.message.role")]
    print(f"      {len(bubbles)} of {len(models)} model calls show their messages by role")

    totals = project(backends)
    checks.equal("Phoenix's token total", totals["tokenCountTotal"], tokens["prompt"] + tokens["completion"])
    traces = {span["context"]["trace_id"] for span in spans}
    checks.equal("Phoenix's traces", totals["traceCount"], len(traces))

    metrics = backends.log("metrics")
    for name in [
        "gen_ai.client.operation.duration",
        "gen_ai.client.token.usage",
        "condukt.agent.duration",
        "condukt.tool_call.duration",
    ]:
        checks.true(f"the collector saw {name}", name in metrics)
    for boundary in ["81.92", "67108864", "409.6"]:
        checks.true(f"with the boundary {boundary}", re.search(rf"\b{re.escape(boundary)}", metrics))
    if summary["sessions"] > 1:
        checks.true("the collector saw log records", "condukt.secrets" in backends.log("logs"))
    return checks


def main():
    agent, directory = sys.argv[1], Path(sys.argv[2])
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        backends = Backends(directory / "venv", Path(scratch))
        try:
            backends.wait()
            summary = run_agent(agent, backends)
            expected = summary["agents"] + summary["subagents"] + summary["llm_turns"] + summary["tool_calls"]

            spans = settled(backends, expected)
            checks = check(summary, spans, backends)
            if keep := os.environ.get("BACKENDS_KEEP"):
                print(f"Phoenix stays at {backends.url('/')} for {keep} s")
                time.sleep(int(keep))
        except SystemExit:
            for name in ["phoenix", "traces", "metrics", "logs"]:
                print(f"--- the end of {name}'s log\n{backends.log(name)[-1500:]}", file=sys.stderr)
            raise
        finally:
            backends.stop()
    print(f"\n{checks.passed} passed, {checks.failed} failed")
    sys.exit(checks.failed > 0)


if __name__ == "__main__":
    main()
