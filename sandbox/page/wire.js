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

// Runs `work` never twice at once, and anew when it was asked for meanwhile: of two readings under way
// the older could come last, and what it shows would stay.
export function oneAtATime(work) {
  let running = null;
  let wanted = false;
  const turn = async () => {
    try {
      while (wanted) {
        wanted = false;
        await work();
      }
    } finally {
      running = null;
    }
  };
  return () => {
    wanted = true;
    running ??= turn();
    return running;
  };
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
