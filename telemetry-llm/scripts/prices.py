#!/usr/bin/env python3
"""Writes the table of prices from the PyPI package genai-prices, and what that package reckons.

    python3 -m venv venv && venv/bin/pip install genai-prices
    venv/bin/python telemetry-llm/scripts/prices.py

It writes `src/prices/data.json`, with the date and the package's version, and `tests/data/prices.json`:
a few hundred usages of random models with the package's own results, which the tests compare with.

genai-prices is Copyright (c) Pydantic Services Inc. 2025 to present, under the MIT licence; see
`src/prices/LICENSE-genai-prices`.
"""

import datetime
import importlib.metadata
import itertools
import json
import pathlib
import random
import re
import warnings
from decimal import Decimal

import genai_prices
from genai_prices import types
from genai_prices.data import providers

HERE = pathlib.Path(__file__).resolve().parent.parent
# What a usage can count: prices of other things are left out.
KEYS = {
    'input_mtok': 'input',
    'output_mtok': 'output',
    'cache_read_mtok': 'cache_read',
    'cache_write_mtok': 'cache_write',
    'input_audio_mtok': 'audio_input',
    'output_audio_mtok': 'audio_output',
    'output_reasoning_mtok': 'reasoning',
    'requests_kcount': 'requests',
}
# Regular expressions that are no plain pattern of digits.
REGEX = {
    r'^o[134]': {'or': [{'starts_with': 'o1'}, {'starts_with': 'o3'}, {'starts_with': 'o4'}]},
    r'^(?!.*-[tT][tT][sS](?:$|-))': {'not': {'or': [{'ends_with': '-tts'}, {'contains': '-tts-'}]}},
}


def regex(pattern):
    if pattern in REGEX:
        return REGEX[pattern]
    family = re.fullmatch(r'\^\(\?!\[\^/\]\+/\)\(\?:([\w-]+)\)\?\(\?:\(\?:([\w|]+)\)([\w]+)\|(.*)\)', pattern)
    if family:
        before, heads, tail, rest = family.groups()
        names = [head + tail for head in heads.split('|')]
        for name in re.split(r'\|(?![^(]*\))', rest):
            inner = re.fullmatch(r'([\w-]+)\(\?:([\w|]+)\)', name)
            names += [inner[1] + end for end in inner[2].split('|')] if inner else [name]
        starts = [{'starts_with': head + name} for head in ('', before) for name in names]
        return {'and': [{'not': {'contains': '/'}}, {'or': starts}]}
    # Digits, optional groups and a choice of two characters.
    choices = [['']]
    rest = pattern.removeprefix('^')
    whole = rest.endswith('$')
    rest = rest.removesuffix('$')
    for part in re.findall(r'\([^()]*\)\?|\[-@\]|\\d\{\d\}|\\d|\\.|.', rest):
        if part.endswith(')?'):
            choices.append(['', digits(part[1:-2])])
        elif part == '[-@]':
            choices.append(['-', '@'])
        else:
            choices.append([digits(part)])
    like = [''.join(made) + ('' if whole else '*') for made in itertools.product(*choices)]
    for made in like:
        if re.search(r'[()|\\?+^$]', made):
            raise SystemExit(f'a regular expression that this script does not know: {pattern}')
    return {'or': [{'like': made} for made in like]} if len(like) > 1 else {'like': like[0]}


def digits(text):
    text = re.sub(r'\\d\{(\d)\}', lambda found: '#' * int(found[1]), text).replace(r'\d', '#')
    return re.sub(r'\\(.)', r'\1', text)


def clause(match):
    if match is None:
        return None
    if isinstance(match, types.ClauseOr):
        return {'or': [clause(inner) for inner in match.or_]}
    if isinstance(match, types.ClauseAnd):
        return {'and': [clause(inner) for inner in match.and_]}
    if isinstance(match, types.ClauseRegex):
        return regex(match.regex)
    (name, value), = vars(match).items()
    return {name: value.lower()}


def number(value):
    return float(value) if value % 1 else int(value)


def price(value):
    if isinstance(value, types.TieredPrices):
        return {'base': number(value.base), 'tiers': [{'start': t.start, 'price': number(t.price)} for t in value.tiers]}
    return number(value)


def price_set(prices):
    told = {KEYS[key]: price(value) for key, value in vars(prices).items() if value is not None and key in KEYS}
    other = any(value is not None and key not in KEYS for key, value in vars(prices).items())
    # A model that is priced by other things alone is not free.
    return None if not told and other else told


def when(constraint):
    if constraint is None:
        return {}
    if isinstance(constraint, types.StartDateConstraint):
        return {'from': constraint.start_date.isoformat()}
    start, end = constraint.start_time, constraint.end_time
    for moment in (start, end):
        assert moment.tzinfo in (None, datetime.UTC) or moment.utcoffset() in (None, datetime.timedelta())
    return {'hours': [start.strftime('%H:%M:%S'), end.strftime('%H:%M:%S')]}


def model(info):
    given = info.prices if isinstance(info.prices, list) else [types.ConditionalPrice(prices=info.prices)]
    prices = []
    for conditional in given:
        told = price_set(conditional.prices)
        if told is not None:
            prices.append({**when(conditional.constraint), 'price': told})
    return {'id': info.id, 'match': clause(info.match), 'prices': prices} if prices else None


def table():
    made = []
    for provider in providers:
        models = [told for told in map(model, provider.models) if told]
        told = {
            'id': provider.id,
            'provider_match': clause(provider.provider_match),
            'model_match': clause(provider.model_match),
            'fallback': provider.fallback_model_providers,
            'models': models,
        }
        made.append({key: value for key, value in told.items() if value})
    return made


def write(path, head, lists):
    """One model a line, so that a change of the table can be read."""
    compact = lambda value: json.dumps(value, separators=(',', ':'), ensure_ascii=False)
    with open(path, 'w') as out:
        out.write('{' + ','.join(f'{compact(key)}:{compact(value)}' for key, value in head.items()) + ',"providers":[\n')
        for index, provider in enumerate(lists):
            models = provider.pop('models')
            out.write(compact(provider)[:-1] + ',"models":[\n')
            out.write(',\n'.join(map(compact, models)))
            out.write('\n]}' + (',' if index + 1 < len(lists) else '') + '\n')
        out.write(']}\n')


def names_of(match):
    """Names that a clause would match, for the comparison."""
    if isinstance(match, types.ClauseEquals):
        return [match.equals]
    if isinstance(match, types.ClauseStartsWith):
        return [match.starts_with, match.starts_with + '-x']
    if isinstance(match, types.ClauseContains):
        return [f'a-{match.contains}-b']
    if isinstance(match, types.ClauseOr):
        return [name for inner in match.or_ for name in names_of(inner)]
    if isinstance(match, types.ClauseRegex):
        return [re.sub(r'[\^$\\]', '', match.regex.replace(r'\d{8}', '20260101').replace(r'\d{4}', '2026').replace(r'\d{2}', '01'))]
    return []


def expectations(count):
    rng = random.Random(20260101)
    made = []
    while len(made) < count:
        provider = rng.choice(providers)
        info = rng.choice(provider.models)
        name = rng.choice([info.id, *names_of(info.match)])
        stated = rng.choice([provider.id, provider.id, None])
        size = rng.choice([300, 90_000, 400_000])
        given = rng.randint(1, size)
        usage = {'input': given, 'output': rng.randint(1, 5000)}
        if rng.random() < 0.5:
            usage['cache_read'] = rng.randint(1, given)
            if rng.random() < 0.5 and given > usage['cache_read']:
                usage['cache_write'] = rng.randint(1, given - usage['cache_read'])
        if rng.random() < 0.3:
            usage['reasoning'] = rng.randint(1, usage['output'])
        at = datetime.datetime(2023, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(minutes=rng.randint(0, 60 * 24 * 365 * 4))
        told = genai_prices.Usage(
            input_tokens=usage['input'],
            output_tokens=usage['output'],
            cache_read_tokens=usage.get('cache_read'),
            cache_write_tokens=usage.get('cache_write'),
            output_reasoning_tokens=usage.get('reasoning'),
        )
        try:
            reckoned = genai_prices.calc_price(told, name, provider_id=stated, genai_request_timestamp=at)
        except (LookupError, ValueError):
            continue
        prices = vars(reckoned.model_price)
        told_prices = {key for key, value in prices.items() if value is not None}
        # What has no price for one of the two is unknown to us, and free of charge to the package.
        if told_prices and not {'input_mtok', 'output_mtok'} <= told_prices:
            continue
        made.append({
            'provider': stated,
            'model': name,
            'at': int(at.timestamp()),
            'usage': usage,
            'cost': [float(reckoned.input_price), float(reckoned.output_price), float(reckoned.total_price)],
        })
    return made


def main():
    warnings.simplefilter('ignore')
    head = {
        'source': f'genai-prices {importlib.metadata.version("genai-prices")}',
        'licence': 'MIT, Copyright (c) Pydantic Services Inc. 2025 to present',
        'date': datetime.date.today().isoformat(),
    }
    write(HERE / 'src/prices/data.json', head, table())
    lines = ',\n'.join(json.dumps(expected) for expected in expectations(600))
    (HERE / 'tests/data/prices.json').write_text(f'[\n{lines}\n]\n')


if __name__ == '__main__':
    main()
