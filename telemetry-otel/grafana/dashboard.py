#!/usr/bin/env python3
"""Writes the dashboard and the alert rules for the metrics of `telemetry-otel`, as Prometheus names them.

    python3 telemetry-otel/grafana/dashboard.py          writes dashboard.json and alerts.yaml
    python3 telemetry-otel/grafana/dashboard.py --check  fails if they are not what it would write, and has promtool
                                                         check the rules and every expression of the dashboard
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
CALLS = 'gen_ai_client_operation_duration_seconds'
FIRST = 'gen_ai_client_operation_time_to_first_chunk_seconds'
TOKENS = 'gen_ai_client_token_usage'
AGENTS = 'condukt_agent_duration_seconds'
TOOLS = 'condukt_tool_call_duration_seconds'
COST = 'telemetry_llm_cost_total'
MODEL = 'gen_ai_request_model'
AGENT = 'gen_ai_agent_name'
TOOL = 'gen_ai_tool_name'
RATE = '$__rate_interval'


def quantile(q, metric, by):
    return f'histogram_quantile({q}, sum by (le, {by}) (rate({metric}_bucket[{RATE}])))'


def rate(metric, by, suffix='_count', only=''):
    return f'sum by ({by}) (rate({metric}{suffix}{only}[{RATE}]))'


def failing(metric, by):
    failed = rate(metric, by, only='{error_type!=""}')
    return f'{failed} / {rate(metric, by)}'


# A row: its title, and of each panel the title, the unit and the queries with their legends.
ROWS = [
    ('Models', [
        ('Model calls', 'reqps', [(rate(CALLS, MODEL), f'{{{{{MODEL}}}}}')]),
        ('Failures', 'percentunit', [(failing(CALLS, MODEL), f'{{{{{MODEL}}}}}')]),
        ('Duration, p50 and p95', 's', [
            (quantile(0.5, CALLS, MODEL), f'p50 {{{{{MODEL}}}}}'), (quantile(0.95, CALLS, MODEL), f'p95 {{{{{MODEL}}}}}')]),
        ('Time to the first chunk, p95', 's', [(quantile(0.95, FIRST, MODEL), f'{{{{{MODEL}}}}}')]),
    ]),
    ('Tokens and money', [
        ('Tokens', 'short', [(rate(TOKENS, f'{MODEL}, gen_ai_token_type', '_sum'), f'{{{{{MODEL}}}}} {{{{gen_ai_token_type}}}}')]),
        ('Tokens by agent', 'short', [(rate(TOKENS, AGENT, '_sum'), f'{{{{{AGENT}}}}}')]),
        ('Cost an hour', 'currencyUSD', [(f'sum by ({MODEL}) (rate({COST}[{RATE}])) * 3600', f'{{{{{MODEL}}}}}')]),
        ('Cost an hour by agent', 'currencyUSD', [(f'sum by ({AGENT}) (rate({COST}[{RATE}])) * 3600', f'{{{{{AGENT}}}}}')]),
        ('Model calls without a known price', 'reqps', [(rate('telemetry_llm_unpriced', MODEL, '_total'), f'{{{{{MODEL}}}}}')]),
    ]),
    ('Agents', [
        ('Invocations', 'reqps', [(rate(AGENTS, AGENT), f'{{{{{AGENT}}}}}')]),
        ('Failures', 'percentunit', [(failing(AGENTS, AGENT), f'{{{{{AGENT}}}}}')]),
        ('Duration, p95', 's', [(quantile(0.95, AGENTS, AGENT), f'{{{{{AGENT}}}}}')]),
        ('Model calls of an invocation, p95', 'short', [(quantile(0.95, 'telemetry_agent_inference_calls', AGENT), f'{{{{{AGENT}}}}}')]),
        ('Tool calls of an invocation, p95', 'short', [(quantile(0.95, 'telemetry_agent_tool_calls', AGENT), f'{{{{{AGENT}}}}}')]),
    ]),
    ('Tools', [
        ('Calls', 'reqps', [(rate(TOOLS, TOOL), f'{{{{{TOOL}}}}}')]),
        ('Failures', 'percentunit', [(failing(TOOLS, TOOL), f'{{{{{TOOL}}}}}')]),
        ('Duration, p95', 's', [(quantile(0.95, TOOLS, TOOL), f'{{{{{TOOL}}}}}')]),
    ]),
]

ALERTS = [
    ('ModelCallsFail', '10m', 'warning', f'{failing(CALLS, MODEL)} > 0.1',
     'More than a tenth of the calls of {{ $labels.gen_ai_request_model }} fail.'),
    ('ModelCallsSlow', '15m', 'warning', f'{quantile(0.95, CALLS, MODEL)} > 60',
     'One in twenty calls of {{ $labels.gen_ai_request_model }} takes more than a minute.'),
    ('ToolFails', '10m', 'warning', f'{failing(TOOLS, TOOL)} > 0.25',
     'More than a quarter of the calls of {{ $labels.gen_ai_tool_name }} fail.'),
    ('AgentLoops', '15m', 'warning', f'{quantile(0.95, "telemetry_agent_inference_calls", AGENT)} > 50',
     'One in twenty invocations of {{ $labels.gen_ai_agent_name }} makes more than 50 model calls.'),
    ('AgentCostsMuch', '15m', 'warning', f'sum by ({AGENT}) (rate({COST}[{RATE}])) * 3600 > 10',
     '{{ $labels.gen_ai_agent_name }} costs more than 10 dollars an hour.'),
    ('PricesUnknown', '1h', 'info', f'{rate("telemetry_llm_unpriced", MODEL, "_total")} > 0',
     'The price of {{ $labels.gen_ai_request_model }} is not known: its cost is not counted.'),
]


def dashboard():
    panels, place, number = [], 0, 0
    for title, row in ROWS:
        number += 1
        panels.append({'id': number, 'type': 'row', 'title': title, 'collapsed': False, 'panels': [],
                       'gridPos': {'h': 1, 'w': 24, 'x': 0, 'y': place}})
        place += 1
        for index, (name, unit, queries) in enumerate(row):
            number += 1
            targets = [{'refId': chr(65 + n), 'expr': expression, 'legendFormat': legend, 'datasource': '${source}'}
                       for n, (expression, legend) in enumerate(queries)]
            panels.append({
                'id': number, 'type': 'timeseries', 'title': name, 'datasource': '${source}', 'targets': targets,
                'fieldConfig': {'defaults': {'unit': unit, 'min': 0}, 'overrides': []},
                'options': {'legend': {'displayMode': 'list', 'placement': 'bottom'}, 'tooltip': {'mode': 'multi'}},
                'gridPos': {'h': 8, 'w': 8, 'x': 8 * (index % 3), 'y': place + 8 * (index // 3)},
            })
        place += 8 * ((len(row) + 2) // 3)
    return {
        'title': 'LLM agents', 'uid': 'llm-agents', 'tags': ['llm', 'opentelemetry'], 'schemaVersion': 39, 'version': 1,
        'refresh': '30s', 'time': {'from': 'now-3h', 'to': 'now'}, 'timezone': 'browser', 'editable': True,
        'templating': {'list': [{'name': 'source', 'label': 'Prometheus', 'type': 'datasource', 'query': 'prometheus'}]},
        'panels': panels,
    }


def rules(alerts):
    """YAML by hand: the strings in it are JSON's, which YAML takes."""
    lines = ['groups:', '- name: llm-agents', '  rules:']
    for name, wait, severity, expression, summary in alerts:
        lines += [
            f'  - alert: {name}', f'    expr: {json.dumps(expression.replace(RATE, "5m"))}', f'    for: {wait}',
            '    labels:', f'      severity: {severity}', '    annotations:', f'      summary: {json.dumps(summary)}',
        ]
    return '\n'.join(lines) + '\n'


def main():
    made = {'dashboard.json': json.dumps(dashboard(), indent=1) + '\n', 'alerts.yaml': rules(ALERTS)}
    if sys.argv[1:] != ['--check']:
        for name, text in made.items():
            (HERE / name).write_text(text)
        return
    for name, text in made.items():
        if (HERE / name).read_text() != text:
            sys.exit(f'{name} is not what dashboard.py writes')
    if not shutil.which('promtool'):
        sys.exit('promtool is not here: the expressions are not checked')
    # Each query of the dashboard as a rule, so that the same tool reads it.
    queries = [query for _, row in ROWS for _, _, queries in row for query, _ in queries]
    with tempfile.TemporaryDirectory() as scratch:
        path = pathlib.Path(scratch) / 'queries.yaml'
        path.write_text(rules([(f'Query{n}', '1m', 'info', query, '') for n, query in enumerate(queries)]))
        for checked in [HERE / 'alerts.yaml', path]:
            subprocess.run(['promtool', 'check', 'rules', checked], check=True)


if __name__ == '__main__':
    main()
