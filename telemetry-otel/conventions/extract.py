#!/usr/bin/env python3
"""Writes what the semantic conventions prescribe as data, for the check in `tests/spans/conventions`.

    git clone --depth 1 --branch v1.41.1 https://github.com/open-telemetry/semantic-conventions
    python3 telemetry-otel/conventions/extract.py semantic-conventions 1.41.1

Taken are names, types, values, requirement levels, instruments and units, and of the messages' JSON schemas the kinds of parts
with what they must have; no text. The conventions are
Copyright The OpenTelemetry Authors, under the Apache License 2.0.
"""

import json
import pathlib
import sys

import yaml

FILES = ['gen-ai', 'error', 'exceptions', 'mcp', 'jsonrpc', 'rpc', 'network', 'client', 'server', 'openai']


def level(attribute, inherited):
    """A level that is not given is the one that is inherited."""
    given = attribute.get('requirement_level', inherited)
    return given if isinstance(given, str) else next(iter(given))


def messages(docs):
    """Of each kind of part what it must have, and the words that stand in messages."""
    defined = {}
    for name in ['input-messages', 'output-messages', 'system-instructions', 'tool-definitions']:
        defined.update(json.loads((docs / f'gen-ai-{name}.json').read_text())['$defs'])
    parts = {}
    for part in defined.values():
        kind = part.get('properties', {}).get('type', {}).get('const')
        if kind:
            parts[kind] = sorted(part['required'])
    words = {name: defined[name]['enum'] for name in ['Role', 'FinishReason', 'Modality']}
    return {'parts': dict(sorted(parts.items())), **words}


def main():
    checkout, version = pathlib.Path(sys.argv[1]), sys.argv[2]
    root = checkout / 'model'
    groups = {}
    for name in FILES:
        for path in sorted((root / name).glob('*.yaml')):
            for group in yaml.safe_load(path.read_text()).get('groups', []):
                groups[group['id']] = group
    attributes = {}
    for group in groups.values():
        for attribute in group.get('attributes', []):
            if 'id' in attribute:
                kind = attribute.get('type', 'string')
                told = {'type': kind} if isinstance(kind, str) else {
                    'type': 'string',
                    'values': [member['value'] for member in kind['members'] if 'deprecated' not in member],
                }
                attributes[attribute['id']] = told

    def resolved(group):
        levels = dict(resolved(groups[group['extends']])) if group.get('extends') in groups else {}
        for attribute in group.get('attributes', []):
            if 'ref_group' in attribute and attribute['ref_group'] in groups:
                levels.update(resolved(groups[attribute['ref_group']]))
            name = attribute.get('ref') or attribute.get('id')
            if name:
                levels[name] = level(attribute, levels.get(name, 'recommended'))
        return levels

    spans, metrics, events = {}, {}, {}
    for group in groups.values():
        told = {'attributes': dict(sorted(resolved(group).items()))}
        if group['type'] == 'span':
            spans[group['id'].removeprefix('span.')] = {'kind': group.get('span_kind'), **told}
        elif group['type'] == 'metric':
            metrics[group['metric_name']] = {'instrument': group['instrument'], 'unit': group['unit'], **told}
        elif group['type'] == 'event':
            events[group.get('name', group['id'])] = told
    made = {
        'source': f'semantic-conventions {version}, Copyright The OpenTelemetry Authors, Apache-2.0',
        'attributes': dict(sorted(attributes.items())),
        'spans': dict(sorted(spans.items())),
        'metrics': dict(sorted(metrics.items())),
        'events': dict(sorted(events.items())),
        'messages': messages(checkout / 'docs/gen-ai'),
    }
    out = pathlib.Path(__file__).resolve().parent.parent / f'tests/data/conventions-{version}.json'
    out.write_text(json.dumps(made, indent=1) + '\n')


if __name__ == '__main__':
    main()
