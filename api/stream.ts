/** Server-sent events as the console writes them. Source: WHATWG HTML, "Server-sent events". */

export interface EventSource {
  readonly serverId?: string;
  /** Only what came after this event. */
  readonly after?: string;
}

/** The data of every event; comments (signs of life) and other fields are left out. */
export async function* parseEventStream(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  let data: string[] = [];
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines.map((text) => text.replace(/\r$/, ""))) {
      if (line.startsWith("data:")) data.push(line.slice(5).replace(/^ /, ""));
      if (line !== "" || data.length === 0) continue;
      yield data.join("\n");
      data = [];
    }
  }
}
