/** A refusal as ARM words it. Source: ARM REST API, "Error responses". */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export function errorBody({ code, message }: { code: string; message: string }) {
  return { error: { code, message } };
}
