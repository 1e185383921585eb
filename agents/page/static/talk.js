// Requests to the server, and the socket that tells what changes. A lost connection comes back by itself.

export async function ask(path, body) {
  const options = body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) };
  let answer;
  try {
    answer = await fetch(path, options);
  } catch {
    throw new Error("the server must be running, got no answer");
  }
  const found = await answer.json().catch(() => null);
  if (!answer.ok || found === null) throw new Error(found?.error ?? `the server must answer in JSON, got status ${answer.status}`);
  return found;
}

const GONE = 4404; // the server's code for a session that it does not have (any more)

// Calls `show` with each view or progress of a session or exploration, `lost` with whether the connection is lost, and `gone` when the session is.
// Returns a function that ends it.
export function follow(session, show, lost, gone, kind = "sessions") {
  let over = false, socket = null, wait = 250;
  const connect = () => {
    socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/api/${kind}/${session}/frames`);
    socket.onopen = () => { wait = 250; lost(false); };
    socket.onmessage = (event) => show(JSON.parse(event.data));
    socket.onclose = (event) => {
      if (over) return;
      if (event.code === GONE) {
        gone();
        return;
      }
      lost(true);
      setTimeout(() => over || connect(), wait);
      wait = Math.min(2 * wait, 4000);
    };
  };
  connect();
  return () => { over = true; socket.close(); };
}
