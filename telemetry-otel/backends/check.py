#!/usr/bin/env python3
"""Drives the example through a real collector (rotel) into a real Phoenix and a real MLflow, and compares what
can be read back there with the conversations it played.

    check.py              where the package registry cannot be reached, it fails
    check.py --offline    installs nothing: where the backends are not installed already, it says so and does no more

What it installs (1.8 GB, a few minutes) stays in target/backends, or where BACKENDS_DIR says. With BACKENDS_KEEP=600
both stay up for ten minutes, to be looked at.
"""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
# Their needs do not go together: each has an environment of its own.
ENVIRONMENTS = {"phoenix": HERE / "requirements.txt", "mlflow": HERE / "requirements-mlflow.txt"}


@dataclass
class Run:
    """Conversations, and what a run of them comes to."""

    name: str
    file: Path
    # The example plays its own conversation by itself, with tools that work rather than recorded ones.
    arguments: list
    counts: dict
    tokens: tuple

    @property
    def spans(self):
        return sum(self.counts[what] for what in ("agents", "subagents", "llm_turns", "tool_calls"))


SHIPPED = Run(
    "shipped",
    ROOT / "examples/data/conversation.jsonl",
    [],
    {"sessions": 2, "agents": 8, "subagents": 1, "llm_turns": 15, "tool_calls": 12, "tool_failures": 1},
    (11_781, 747),
)
SHARED_FILE = ROOT.parent / "shared/data/airline-conversations.jsonl"
SHARED = Run(
    "shared",
    SHARED_FILE,
    ["--conversations", str(SHARED_FILE)],
    {"sessions": 24, "agents": 209, "subagents": 0, "llm_turns": 344, "tool_calls": 137, "tool_failures": 14},
    (941_007, 23_452),
)


def fail(why):
    sys.exit(f"failed: {why}")


# How many packages pip installs in one go: what one go has installed, the next try finds.
AT_ONCE = 12


def install(directory, name, offline):
    """A backend in a virtual environment; none where it cannot be had and need not be.

    On a busy machine it takes long, and a download may break off: each try goes on where the last one ended, with the
    packages that are installed and the wheels in pip's cache.
    """
    venv, mark = directory / f"venv-{name}", directory / f"installed-{name}"
    wanted = ENVIRONMENTS[name].read_text()
    if mark.exists() and mark.read_text() == wanted:
        return venv
    if offline:
        return None
    print(f"installing {name} into {venv}", flush=True)
    directory.mkdir(parents=True, exist_ok=True)
    if not (venv / "bin/pip").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", venv], check=True)
    pip = [venv / "bin/pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile", "--no-deps"]
    pip += ["--cache-dir", directory / "pip-cache"]
    # All that is needed is written down, so that nothing is left to resolve.
    packages = [line for line in wanted.splitlines() if line and not line.startswith("#")]
    for start in range(0, len(packages), AT_ONCE):
        some = packages[start : start + AT_ONCE]
        for attempt in range(4):
            if attempt:
                print(f"once more: {some[0]} ..", file=sys.stderr)
            try:
                if subprocess.run([*pip, *some], check=False, timeout=900).returncode == 0:
                    break
            except subprocess.TimeoutExpired:
                print("pip took more than fifteen minutes", file=sys.stderr)
        else:
            fail(f"{name} cannot be installed; --offline does without")
    mark.write_text(wanted)
    return venv


def build_agent():
    """The example as it is built for tests."""
    command = ["cargo", "build", "--quiet", "-p", "examples", "--bin", "agent", "--message-format=json"]
    built = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, cwd=ROOT).stdout
    messages = map(json.loads, built.splitlines())
    return next(path for message in messages if (path := message.get("executable")))


def free_ports(count):
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


class Backends:
    """Phoenix and MLflow, and a collector for each signal: one prints only one of them."""

    SIGNALS = ("traces", "metrics", "logs")

    def __init__(self, phoenix, mlflow, scratch):
        self.processes = {}
        self.scratch = scratch
        self.python = mlflow / "bin/python"
        self.phoenix, self.mlflow, grpc, *ports = free_ports(11)
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
        self.start("phoenix", [phoenix / "bin/phoenix", "serve"], environment)
        # It starts workers by name.
        environment = os.environ | {
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "true",
            "PATH": f"{mlflow / 'bin'}:{os.environ['PATH']}",
        }
        command = [mlflow / "bin/mlflow", "server", "--host", "127.0.0.1", "--port", str(self.mlflow), "--workers", "1"]
        command += ["--backend-store-uri", f"sqlite:///{scratch}/mlflow.db"]
        command += ["--default-artifact-root", scratch / "artifacts"]
        self.start("mlflow", command, environment)
        rotel = next(phoenix.glob("lib/python3*/site-packages/rotel/rotel-agent"))
        # By gRPC Phoenix takes no message of more than 4 MiB, and the collector makes one of many. Told to
        # make smaller ones (`--batch-max-size`), it forgets the resource of what it splits off.
        to_phoenix = ["otlp", "--otlp-exporter-endpoint", self.url(""), "--otlp-exporter-protocol", "http"]
        # MLflow takes its time, and an agent that ends does not wait for it: the collector does.
        to_mlflow = ["otlp", "--otlp-exporter-endpoint", self.url("", self.mlflow), "--otlp-exporter-protocol", "http"]
        to_mlflow += ["--otlp-exporter-request-timeout", "300s"]
        to_mlflow += ["--otlp-exporter-custom-headers", "x-mlflow-experiment-id=0"]
        exporters = {"traces": to_phoenix, "metrics": ["blackhole"], "logs": ["blackhole"], "for-mlflow": to_mlflow}
        self.collectors = dict(zip(exporters, ports))
        for (name, exporter), grpc in zip(exporters.items(), ports[len(exporters) :]):
            command = [rotel, "start", "--otlp-http-endpoint", f"127.0.0.1:{self.collectors[name]}"]
            command += ["--otlp-grpc-endpoint", f"127.0.0.1:{grpc}", "--pid-file", scratch / f"{name}.pid"]
            command += ["--debug-log", name if name in self.SIGNALS else "traces", "--debug-log-verbosity", "detailed"]
            self.start(name, [*command, "--exporter", *exporter], os.environ)

    def start(self, name, command, environment):
        with open(self.scratch / f"{name}.log", "wb") as log:
            self.processes[name] = subprocess.Popen(command, stdout=log, stderr=log, env=environment)

    def url(self, path, port=None):
        return f"http://127.0.0.1:{port or self.phoenix}{path}"

    def get(self, path, body=None, port=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url(path, port), data, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as response:
            return json.load(response)

    def wait_for(self, what, seconds, ready):
        """What `ready` returns, once that is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for name, process in self.processes.items():
                if process.poll() is not None:
                    fail(f"{name} ended with {process.returncode} while it was waited for: {what}")
            try:
                if found := ready():
                    return found
            except OSError:
                pass
            time.sleep(0.2)
        fail(f"{what}: not within {seconds} s")

    def wait(self):
        def healthy(path, port):
            with urllib.request.urlopen(self.url(path, port), timeout=2) as response:
                return response.status == 200

        # Eleven seconds on a machine with nothing else to do.
        self.wait_for("Phoenix starts", 300, lambda: healthy("/healthz", self.phoenix))
        self.wait_for("MLflow starts", 300, lambda: healthy("/health", self.mlflow))
        for port in self.collectors.values():
            self.wait_for("a collector starts", 60, lambda: not socket.create_connection(("127.0.0.1", port)).close())

    def stop(self):
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def environment(self):
        """Where the example sends its signals: each to its collector."""
        return {
            f"OTEL_EXPORTER_OTLP_{name.upper()}_ENDPOINT": self.url(f"/v1/{name}", self.collectors[name])
            for name in self.SIGNALS
        }

    def environment_for_mlflow(self):
        """Where it sends its traces for MLflow, which takes no other signal."""
        traces = self.url("/v1/traces", self.collectors["for-mlflow"])
        none = {"OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
        return {"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": traces} | none

    def traces_in_mlflow(self, run):
        """All traces of a run, once all spans are there."""
        command = [self.python, "-c", READ_MLFLOW, self.url("", self.mlflow), run.name]
        environment = os.environ | {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}

        def read():
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
            if done.returncode:
                fail(f"MLflow cannot be read: {done.stderr[-1500:]}")
            traces = json.loads(done.stdout)
            return traces if sum(len(trace["spans"]) for trace in traces) >= run.spans else None

        return self.wait_for("MLflow has taken all spans in", 600, read)

    def log(self, name):
        return (self.scratch / f"{name}.log").read_text(errors="replace")

    def project(self, run):
        query = "query { projects { edges { node { name recordCount traceCount tokenCountTotal } } } }"
        projects = self.get("/graphql", {"query": query})["data"]["projects"]["edges"]
        return next((edge["node"] for edge in projects if edge["node"]["name"] == run.name), {"recordCount": 0})

    def settled(self, run):
        """All spans, once no more come. Phoenix says that it has them before they can be read."""
        quiet = {"count": -1, "since": 0.0}

        def still():
            count = self.project(run)["recordCount"]
            if count != quiet["count"]:
                quiet.update(count=count, since=time.monotonic())
            return time.monotonic() > quiet["since"] + (3 if count >= run.spans else 60)

        self.wait_for("Phoenix has taken all spans in", 300, still)
        return self.pages(f"/v1/projects/{run.name}/spans")

    def pages(self, path):
        found, cursor = [], ""
        while True:
            page = self.get(f"{path}?limit=1000{cursor}")
            found += page["data"]
            if not page.get("next_cursor"):
                return found
            cursor = f"&cursor={page['next_cursor']}"


# What MLflow has of an experiment, as its own library reads it.
READ_MLFLOW = """
import json, sys
from mlflow import MlflowClient
client, page, traces = MlflowClient(sys.argv[1]), None, []
while True:
    found = client.search_traces(locations=["0"], max_results=100, page_token=page)
    traces += found
    page = found.token
    if not page:
        break
def told(span):
    return {"name": span.name, "type": span.span_type, "status": span.status.status_code.value, "inputs": span.inputs,
        "outputs": span.outputs, "cost": span.attributes.get("mlflow.llm.cost"),
        "usage": span.attributes.get("mlflow.chat.tokenUsage"), "error": span.status.description,
        "events": [event.name for event in span.events]}
print(json.dumps([{"metadata": trace.info.trace_metadata, "spans": [told(span) for span in trace.data.spans]}
    for trace in traces if trace.info.tags.get("openinference.project.name") == sys.argv[2]]))
"""


def play(run, agent, destination):
    """Runs the example, and returns what it says it did."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OTEL_", "OPENAI_"))}
    environment |= {
        "OTEL_SERVICE_NAME": "airline-agent",
        "OTEL_RESOURCE_ATTRIBUTES": f"openinference.project.name={run.name}",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": "true",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    environment |= destination
    command = [agent, "--quiet", "--json", "--otlp", *run.arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=300)
    print(done.stderr, end="", file=sys.stderr)
    if done.returncode:
        fail("the example")
    if "warning" in done.stderr:
        fail("the example could not export everything")
    return json.loads(done.stdout)


@dataclass
class Recorded:
    """What is in a conversation: what was said, and which tools were called. Ids of calls come more than once."""

    asked: set = field(default_factory=set)
    said: set = field(default_factory=set)
    # Of the calls that were answered: the id, the tool, its arguments, and the answer.
    calls: list = field(default_factory=list)


def recorded(run):
    conversations = []
    for line in run.file.read_text().splitlines():
        conversation, made = Recorded(), {}
        for message in json.loads(line)["messages"]:
            text = message.get("content") or ""
            match message["role"]:
                case "user":
                    conversation.asked.add(text)
                case "assistant":
                    conversation.said.add(text)
                    made |= {call["id"]: call["function"] for call in message.get("tool_calls") or []}
                case "tool":
                    call = made[message["tool_call_id"]]
                    answer = plain(text.removeprefix("Error: "))
                    conversation.calls.append((message["tool_call_id"], call["name"], plain(call["arguments"]), answer))
        conversations.append(conversation)
    return conversations


def plain(text):
    """The text, or the JSON in it in one form."""
    try:
        return json.dumps(json.loads(text), sort_keys=True)
    except ValueError:
        return text


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def equal(self, what, found, expected):
        if found == expected:
            self.passed += 1
            print(f"ok    {what}" + (f": {found}" if isinstance(found, (int, float)) else ""))
        else:
            self.failed += 1
            print(f"FAIL  {what}: {found}, expected {expected}")

    def none(self, what, found):
        self.equal(f"{what}: none", list(found), [])


def check(checks, run, summary, spans, backends):
    print(f"-- {run.name}: {run.file.name}")
    # What the example counts by itself, by events and without OpenTelemetry.
    checks.equal("the example's own counts", {what: summary[what] for what in run.counts}, run.counts)
    tokens = summary["tokens"]
    checks.equal("its tokens", (tokens["prompt"], tokens["completion"], tokens["turns_without"]), (*run.tokens, 0))

    of_kind = defaultdict(list)
    for span in spans:
        of_kind[span["span_kind"]].append(span)
    agents, models, tools, delegations = (of_kind[kind] for kind in ("AGENT", "LLM", "TOOL", "CHAIN"))
    checks.equal("spans", len(spans), run.spans)
    checks.equal("agents", len(agents), run.counts["agents"])
    checks.equal("model calls", len(models), run.counts["llm_turns"])
    checks.equal("tools", len(tools), run.counts["tool_calls"])
    checks.equal("delegations", len(delegations), run.counts["subagents"])

    check_tree(checks, run, spans)

    def attribute(span, name):
        return span["attributes"].get(name)

    names = {
        "AGENT": {f"invoke_agent {agent}" for agent in ("Assistant", "FareDesk")},
        "LLM": {"chat gpt-4o"},
        "TOOL": {f"execute_tool {tool}" for part in recorded(run) for _, tool, _, _ in part.calls},
        "CHAIN": {"subagent fare_desk"},
    }
    checks.none("names that are not a span's", {s["name"] for s in spans} - set().union(*names.values()))
    checks.none("names of another kind", {s["name"] for s in spans if s["name"] not in names[s["span_kind"]]})

    for what, name, expected in [
        ("prompt tokens", "llm.token_count.prompt", run.tokens[0]),
        ("completion tokens", "llm.token_count.completion", run.tokens[1]),
        ("tokens", "llm.token_count.total", sum(run.tokens)),
    ]:
        checks.equal(what, sum(attribute(span, name) for span in models), expected)
    # An agent has the sum of its own calls; Phoenix counts those of model calls alone.
    checks.equal("tokens that agents sum up", sum(attribute(s, "llm.token_count.prompt") for s in agents), run.tokens[0])
    # Phoenix drops a list with a tool in it that has not the conventions' form.
    offered = [(sum(key.startswith("llm.tools.") for key in s["attributes"]), attribute(s, "condukt.llm_turn.tool_count")) for s in models]
    checks.none("model calls that do not list their tools", (pair for pair in offered if pair[0] != (pair[1] or 0)))
    others = tools + delegations
    checks.none("tokens of others", (s["name"] for s in others if attribute(s, "llm.token_count.prompt")))
    project = backends.project(run)
    checks.equal("Phoenix's own total of tokens", project["tokenCountTotal"], sum(run.tokens))
    checks.equal("Phoenix's traces", project["traceCount"], len({s["context"]["trace_id"] for s in spans}))

    failed = Counter(span["span_kind"] for span in spans if span["status_code"] == "ERROR")
    checks.equal("failures", dict(failed), {"TOOL": run.counts["tool_failures"]})
    checks.none("other statuses", {span["status_code"] for span in spans} - {"UNSET", "ERROR"})
    typed = Counter(span["span_kind"] for span in spans if attribute(span, "error.type"))
    checks.equal("failures with a type", typed, failed)

    check_content(checks, run, spans)
    check_metrics(checks, run, backends)
    logged = blocks(backends.log("logs"), "ResourceLog #", run)
    secrets = sum(block.count("EventName: condukt.secrets.access\n") for block in logged)
    checks.equal("log records of secrets handed to tools", secrets, run.counts["tool_calls"])


def check_mlflow(checks, run, traces):
    """What MLflow shows: types, sessions, tokens, cost, failures, and each model call with its whole conversation."""
    print(f"-- {run.name}, in MLflow")
    spans = [span for trace in traces for span in trace["spans"]]
    checks.equal("traces", len(traces), run.counts["agents"] - run.counts["subagents"])
    types = Counter(span["type"] for span in spans)
    counts = run.counts
    expected = {"AGENT": counts["agents"], "LLM": counts["llm_turns"], "TOOL": counts["tool_calls"]}
    checks.equal("types of spans", dict(+types), dict(+Counter(expected | {"CHAIN": counts["subagents"]})))
    sessions = {trace["metadata"].get("mlflow.trace.session") for trace in traces}
    checks.equal("sessions", len(sessions), counts["sessions"] - counts["subagents"])
    models = [span for span in spans if span["type"] == "LLM"]

    def tokens(used):
        used = list(used)
        return tuple(sum(usage.get(what, 0) for usage in used) for what in ("input_tokens", "output_tokens"))

    checks.equal("tokens of all model calls", tokens(span["usage"] or {} for span in models), run.tokens)
    # Where the outermost agent has a sum of its own calls MLflow takes that for the trace's, without a sub-agent's.
    if not counts["subagents"]:
        used = (json.loads(trace["metadata"].get("mlflow.trace.tokenUsage", "{}")) for trace in traces)
        checks.equal("tokens of all traces", tokens(used), run.tokens)
    checks.none("model calls without a cost", (s["name"] for s in models if not (s["cost"] or {}).get("total_cost")))
    failed = Counter(span["type"] for span in spans if span["status"] == "ERROR")
    checks.equal("failures", dict(failed), {"TOOL": counts["tool_failures"]})
    # A failure that is no event MLflow does not show.
    shown = Counter(span["type"] for span in spans if "exception" in span["events"])
    checks.equal("failures that are shown", dict(shown), dict(failed))

    conversations = recorded(run)
    asked = set().union(*(conversation.asked for conversation in conversations))
    said = set().union(*(conversation.said for conversation in conversations))
    made = {call[:3] for conversation in conversations for call in conversation.calls}
    wrong = []
    for span in models:
        given, answered = span["inputs"], span["outputs"]
        system = given[0]["role"] == "system" and text_of(given[0])
        last = next((text_of(message) for message in reversed(given) if message["role"] == "user"), None)
        texts = {text_of(message) for message in answered} - {""}
        parts = [part for message in answered for part in message["parts"] if part["type"] == "tool_call"]
        wanted = {(part["id"], part["name"], json.dumps(part["arguments"], sort_keys=True)) for part in parts}
        if not (system and last in asked and texts <= said and wanted <= made and (texts or wanted)):
            wrong.append((span["name"], last, texts, wanted))
    checks.none("model calls without their whole conversation", wrong)
    tools = Counter(
        # A tool without arguments has no input there.
        (span["name"].removeprefix("execute_tool "), json.dumps(span["inputs"] or {}, sort_keys=True))
        for span in spans
        if span["type"] == "TOOL"
    )
    calls = Counter((call[1], call[2]) for conversation in conversations for call in conversation.calls)
    checks.equal("tools with their arguments", tools, calls)


def text_of(message):
    return "".join(part["content"] for part in message["parts"] if part["type"] == "text")


def check_tree(checks, run, spans):
    """Who is inside whom."""
    by_id = {span["context"]["span_id"]: span for span in spans}
    checks.equal("ids of spans", len(by_id), len(spans))
    checks.none("parents that did not arrive", {s["parent_id"] for s in spans} - by_id.keys() - {None})
    inside, astray = Counter(), []
    for span in spans:
        parent = by_id.get(span["parent_id"])
        inside[span["span_kind"], parent and parent["span_kind"]] += 1
        if parent and parent["context"]["trace_id"] != span["context"]["trace_id"]:
            astray.append(span["name"])
    checks.none("spans in another trace than their parent", astray)
    counts = run.counts
    expected = Counter(
        {
            ("AGENT", None): counts["agents"] - counts["subagents"],
            ("LLM", "AGENT"): counts["llm_turns"],
            ("TOOL", "AGENT"): counts["tool_calls"],
            ("CHAIN", "TOOL"): counts["subagents"],
            ("AGENT", "CHAIN"): counts["subagents"],
        }
    )
    checks.equal("who is inside whom", +inside, +expected)


def check_content(checks, run, spans):
    """Sessions, inputs and outputs: each session is one conversation, and says what was said in it."""
    sessions = {span["attributes"].get("session.id") for span in spans}
    # A sub-agent has a conversation of its own, in the session of the agent that asks it.
    checks.equal("sessions", len(sessions), run.counts["sessions"] - run.counts["subagents"])
    talks = defaultdict(list)
    for span in spans:
        talks[span["attributes"].get("gen_ai.conversation.id")].append(span)
    checks.equal("conversations", len(talks), run.counts["sessions"])

    def called(span):
        """A call as `recorded` has it."""
        attributes, failed = span["attributes"], span["status_code"] == "ERROR"
        answer = span["status_message"].removeprefix("Error: ") if failed else attributes["output.value"]
        return attributes["tool.id"], attributes["tool.name"], plain(attributes["input.value"]), plain(answer)

    def calls(session):
        return tuple(sorted(called(span) for span in session if span["span_kind"] == "TOOL"))

    conversations = recorded(run)
    found = Counter(map(calls, talks.values()))
    expected = Counter(tuple(sorted(conversation.calls)) for conversation in conversations)
    checks.equal("what each session called, and what came of it", found, expected)

    asked = set().union(*(conversation.asked for conversation in conversations))
    said = set().union(*(conversation.said for conversation in conversations))
    made = {call[:3] for conversation in conversations for call in conversation.calls}
    wrong, silent = [], 0
    for span in spans:
        attributes = span["attributes"]
        into, out = attributes.get("input.value"), attributes.get("output.value")
        match span["span_kind"]:
            case "LLM":
                given, answered = messages(attributes, "input"), messages(attributes, "output")
                texts = {message["text"] for message in answered if message["text"]}
                wanted = {call for message in answered for call in message["calls"]}
                whole = len(given) > 1 and given[0]["role"] == "system" and given[0]["text"]
                last = next((message["text"] for message in reversed(given) if message["role"] == "user"), None)
                if not (whole and last in asked and texts <= said and wanted <= made and (texts or wanted)):
                    wrong.append((span["name"], last, texts, wanted))
                # Phoenix makes an output of its own of the answer's id and model.
                ours = out is not None and not set(json.loads(out)) <= {"id", "model", "finish_reasons"}
                if into is not None or ours:
                    wrong.append((span["name"], "a text in the place of its messages", out))
            case "AGENT":
                silent += out is None
                if into not in asked or (out is not None and out not in said):
                    wrong.append((span["name"], into, out))
            case "CHAIN":
                # What the agent inside was asked and said.
                inside = [child["attributes"] for child in spans if child["parent_id"] == span["context"]["span_id"]]
                if [(into, out)] != [(child["input.value"], child["output.value"]) for child in inside]:
                    wrong.append((span["name"], into, out))
    checks.none("inputs and outputs that were not recorded", wrong)
    # The tool that hands over to a human ends a conversation without a word.
    handed_over = sum(call[1] == "transfer_to_human_agents" for c in conversations for call in c.calls)
    checks.equal("agents that said nothing", silent, handed_over)


def messages(attributes, direction):
    """The messages of a model call as Phoenix shows them: role, text and calls of each."""
    found = defaultdict(lambda: {"role": None, "text": "", "calls": {}})
    for name, value in attributes.items():
        parts = name.split(".")
        if parts[:1] != ["llm"] or parts[1] != f"{direction}_messages" or len(parts) < 5:
            continue
        message, rest = found[int(parts[2])], parts[4:]
        match rest:
            case ["role"]:
                message["role"] = value
            case ["content"] | ["contents", _, "message_content", "text"]:
                message["text"] += value
            case ["tool_calls", index, "tool_call", "id"]:
                message["calls"].setdefault(index, {})["id"] = value
            case ["tool_calls", index, "tool_call", "function", what]:
                message["calls"].setdefault(index, {})[what] = value
    for message in found.values():
        calls = message["calls"].values()
        message["calls"] = {(call.get("id"), call.get("name"), plain(call.get("arguments", "{}"))) for call in calls}
    return [found[index] for index in sorted(found)]


def blocks(log, beginning, run):
    """The parts of a collector's debug output that a run made."""
    return [part for part in log.split(beginning)[1:] if f"openinference.project.name: Str({run.name})" in part]


def check_metrics(checks, run, backends):
    """The metrics as the collector prints them, with their buckets."""
    # They are sums since the beginning: the last ones tell all.
    exports = backends.wait_for(
        "the metrics arrive", 60, lambda: blocks(backends.log("metrics"), "ResourceMetrics #", run)
    )

    def numbers(text, label):
        return [float(number) for number in re.findall(rf"^{label}: (\S+)", text, re.MULTILINE)]

    found = {}
    for text in re.split(r"^Metric #\d+$", exports[-1], flags=re.MULTILINE)[1:]:
        points = re.split(r"DataPoints #\d+$", text, flags=re.MULTILINE)[1:]
        found[re.search(r"-> Name: (\S+)", text)[1]] = {
            "description": re.search(r"-> Description: (.*)", text)[1],
            "unit": re.search(r"-> Unit: (\S*)", text)[1],
            "bounds": {tuple(numbers(point, r"ExplicitBounds #\d+")) for point in points},
            "count": sum(numbers(text, "Count")),
            "sum": sum(numbers(text, "Sum")),
            "value": sum(numbers(text, "Value")),
            "buckets": sum(numbers(text, r"Buckets #\d+, Count")),
        }
    checks.none("metrics without a description", (name for name, metric in found.items() if not metric["description"]))
    call = tuple(round(0.01 * 2**n, 2) for n in range(14))
    agent = tuple(round(0.1 * 2**n, 1) for n in range(13))
    tokens = tuple(4.0**n for n in range(14))
    counts = run.counts
    for name, unit, bounds, count in [
        ("condukt.agent.duration", "s", agent, counts["agents"]),
        ("gen_ai.client.operation.duration", "s", call, counts["llm_turns"]),
        ("condukt.tool_call.duration", "s", call, counts["tool_calls"]),
        # Of each call one in and one out.
        ("gen_ai.client.token.usage", "{token}", tokens, 2 * counts["llm_turns"]),
    ]:
        metric = found[name]
        checks.equal(f"{name}, its unit", metric["unit"], unit)
        checks.equal(f"{name}, its buckets", metric["bounds"], {bounds})
        checks.equal(f"{name}, its count", metric["count"], count)
        checks.equal(f"{name}, what is in its buckets", metric["buckets"], count)
    checks.equal("model calls of agents", found["telemetry.agent.inference_calls"]["sum"], counts["llm_turns"])
    checks.equal("tool calls of agents", found["telemetry.agent.tool_calls"]["sum"], counts["tool_calls"])
    checks.equal("a cost in metrics", found["telemetry.llm.cost"]["value"] > 0, True)
    checks.equal("tokens in metrics", found["gen_ai.client.token.usage"]["sum"], sum(run.tokens))
    checks.equal("failures in metrics", found["condukt.tool_call.failures"]["value"], counts["tool_failures"])


def main():
    match sys.argv[1:]:
        case []:
            offline = False
        case ["--offline"]:
            offline = True
        case _:
            sys.exit(f"usage: {sys.argv[0]} [--offline]")
    directory = Path(os.environ.get("BACKENDS_DIR", ROOT / "target/backends"))
    venvs = [install(directory, name, offline) for name in ENVIRONMENTS]
    if None in venvs:
        print("skipped: the backends are not installed, and --offline was asked for")
        return
    # Told to stop, it stops what it started too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    runs = [SHIPPED]
    if SHARED.file.exists():
        runs.append(SHARED)
    else:
        print("the shared conversations are not here: the shipped one alone is played")
    checks = Checks()
    agent = build_agent()
    with tempfile.TemporaryDirectory(dir=directory) as scratch:
        backends = Backends(*venvs, Path(scratch))
        try:
            backends.wait()
            for run in runs:
                summary = play(run, agent, backends.environment())
                check(checks, run, summary, backends.settled(run), backends)
                play(run, agent, backends.environment_for_mlflow())
                check_mlflow(checks, run, backends.traces_in_mlflow(run))
            if keep := os.environ.get("BACKENDS_KEEP"):
                pages = [backends.url("/"), backends.url("/", backends.mlflow)]
                print(f"Phoenix and MLflow stay at {' and '.join(pages)} for {keep} s", flush=True)
                time.sleep(int(keep))
        except BaseException:
            for name in backends.processes:
                print(f"--- the end of {name}'s log\n{backends.log(name)[-1500:]}", file=sys.stderr)
            raise
        finally:
            backends.stop()
    print(f"\n{checks.passed} passed, {checks.failed} failed")
    sys.exit(checks.failed > 0)


if __name__ == "__main__":
    main()
