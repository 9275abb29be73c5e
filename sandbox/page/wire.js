// Talks to the sandbox: one function to ask, one stream of what happens.

export async function ask(route, given = {}) {
  const response = await fetch(`/sandbox/${route}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(given),
  });
  const body = await response.json();
  if (!response.ok) throw new Error(body.error || `The sandbox answered ${response.status}.`);
  return body;
}

// `again` is called after every (re)connection, so that nothing missed stays unseen.
export function listen(onEvent, again) {
  const source = new EventSource("/sandbox/stream");
  source.onopen = again;
  source.onmessage = (message) => onEvent(JSON.parse(message.data));
  return source;
}

export function fileAddress(fileId) {
  return `/sandbox/file/${encodeURIComponent(fileId)}`;
}
