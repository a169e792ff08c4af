// Recordings that are made up.

const session = n => `session-${n}`;
const hex = (n, digits) => n.toString(16).padStart(digits, "0");
const nanos = ms => BigInt(ms) * 1_000_000n;
const begin = 1_700_000_000_000; // milliseconds

// The two lines of one span. Times in milliseconds, as whole numbers.
export function span({prefix, id, parent, trace = 1, at, took, start, stop, ending = "stop"}) {
  const ids = {id: hex(id, 16), parent_id: parent ? hex(parent, 16) : null, trace_id: hex(trace, 32)};
  // Nanoseconds do not fit into a number of JavaScript.
  const line = (event, measurements, metadata) => JSON.stringify({event, measurements: 0, metadata, span: ids}).replace('"measurements":0', `"measurements":${measurements}`);
  const first = line(`${prefix}.start`, `{"system_time":${nanos(begin + at)},"monotonic_time":${nanos(at)}}`, start);
  if (took == null) return [first];
  return [first, line(`${prefix}.${ending}`, `{"duration":${nanos(took)},"monotonic_time":${nanos(at + took)}}`, {...start, ...stop})];
}

// About so many spans: conversations of an agent, its turns and its tools, some of which fail.
export function* large(spans) {
  let id = 1, at = 0, made = 0;
  for (let n = 1; made < spans; n++) {
    const context = {agent: `app::Agent${n % 7}`, session_id: session(n)}, agent = id++;
    const inner = [];
    const start = at;
    for (let turn = 0; turn < 25 && made + 1 < spans; turn++) {
      const messages = [{role: "user", content: `Question ${turn} of ${n}`}];
      inner.push(...span({prefix: "condukt.llm_turn", id: id++, parent: agent, trace: n, at, took: 20, start: {...context, model: `model-${n % 3}`, turn, messages},
        stop: {status: "ok", assistant_message: {role: "assistant", content: `Answer ${turn} of ${n}`}, usage: {input_tokens: 100 + turn, output_tokens: 20}, finish_reason: "stop"}}));
      at += 21;
      const failed = id % 97 === 0;
      inner.push(...span({prefix: "condukt.tool_call", id: id++, parent: agent, trace: n, at, took: 5, start: {...context, tool: `tool_${id % 9}`, tool_call_id: `call-${id}`, args: {query: `query number ${id}`}},
        stop: failed ? {status: "error", error: `could not find ${id}`, error_type: "NotFound"} : {status: "ok", result: `result ${id}`}}));
      at += 6;
      made += 2;
    }
    const [first, last] = span({prefix: "condukt.agent", id: agent, trace: n, at: start, took: at - start, start: context, stop: {status: "ok"}});
    yield first; yield* inner; yield last;
    made += 1;
    at += 50;
  }
}

// What a hostile model, tool or header may write.
export const HOSTILE = [
  "<script>window.harmed = 1</script>", "</script><script>window.harmed = 1</script>", "<img src=x onerror='window.harmed = 1'>",
  "<svg onload='window.harmed = 1'>", "javascript:window.harmed=1", "data:text/html,<script>window.harmed = 1</script>", "' onmouseover='window.harmed = 1", "\u202eTXET DENRUT\u202c", "a\u0000b\u0007c\u001b[31mred",
  "<!--", "]]>", "${window.harmed = 1}", "{{constructor.constructor('window.harmed = 1')()}}", "\ud800 alone", "z̸̡͓a̶l̵g̷o",
];
export function* hostile() {
  let id = 1;
  for (const text of HOSTILE) {
    const context = {agent: text, session_id: text};
    const trace = id;
    yield* span({prefix: "condukt.agent", id: id++, trace, at: id * 10, took: 9, start: {...context, prompt: text}, stop: {status: "error", error: text, error_type: text, output: text}});
    yield* span({prefix: "condukt.tool_call", id: id++, parent: trace, trace, at: id * 10, took: 5, start: {...context, tool: text, tool_call_id: text, args: {[text]: text, __proto__x: [text]}}, stop: {status: "ok", result: text}});
    yield* span({prefix: "condukt.llm_turn", id: id++, parent: trace, trace, at: id * 10, took: 5, start: {...context, model: text, turn: 0, messages: [{role: text, content: text}, {role: "user", content: [{type: "image_url", image_url: {url: text}}, {type: "image_url", image_url: {url: "https://elsewhere.example/p.png"}}]}]},
      stop: {status: "ok", assistant_message: {role: "assistant", content: text, tool_calls: [{id: text, type: "function", function: {name: text, arguments: text}}]}, usage: {prompt_tokens: text}, finish_reason: text}});
    yield* span({prefix: "condukt.tool_call", id: id++, parent: trace, trace, at: id * 10, took: 5, ending: "exception", start: {...context, tool: "panics", args: {}}, stop: {kind: "panic", reason: text, stacktrace: [text, text]}});
  }
  // Ten megabytes in one value.
  yield* span({prefix: "condukt.tool_call", id: id++, trace: 999, at: 9000, took: 5, start: {session_id: "large", tool: "large", args: {text: "0123456789".repeat(1_000_000)}}, stop: {status: "ok", result: "x".repeat(10_000_000)}});
}

// A conversation that says one thing differently than another: to compare.
export function* small(name, {query = "Oslo", extra = false, at = 0, trace = 7} = {}) {
  const context = {agent: "app::Weather", session_id: name}, id = trace * 100;
  yield* span({prefix: "condukt.agent", id, trace, at, took: 100, start: {...context, prompt: `How warm is it in ${query}?`}, stop: {status: "ok", output: "Cold."}});
  yield* span({prefix: "condukt.tool_call", id: id + 1, parent: id, trace, at: at + 5, took: 10, start: {...context, tool: "get_weather", args: {city: query, unit: "celsius"}}, stop: {status: "ok", result: {degrees: query.length}}});
  if (extra) yield* span({prefix: "condukt.tool_call", id: id + 2, parent: id, trace, at: at + 30, took: 10, start: {...context, tool: "get_forecast", args: {}}, stop: {status: "error", error: "no forecast"}});
}
