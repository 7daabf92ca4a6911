/**
 * Which connection owns which range. Two must never write to the same one: a connection that the agent
 * gave up may still have blocks in the gateway's socket buffers, older than those that come again.
 */
interface Claim {
  readonly owner: string;
  readonly waiting: { owner: string; grant: () => void }[];
}

export class Claims {
  readonly #claims = new Map<string, Claim>();
  readonly #evict: (owner: string) => void;

  /** `evict` makes a connection give up all it has; `release` follows when it has come to rest. */
  constructor(evict: (owner: string) => void) {
    this.#evict = evict;
  }

  /** Calls `grant` as soon as nobody else owns the range. The newest asker wins. */
  claim(key: string, owner: string, grant: () => void): void {
    const claim = this.#claims.get(key);
    if (claim === undefined) {
      this.#claims.set(key, { owner, waiting: [] });
      grant();
      return;
    }
    claim.waiting.push({ owner, grant });
    this.#evict(claim.owner);
  }

  release(key: string, owner: string): void {
    const claim = this.#claims.get(key);
    if (claim?.owner !== owner) return;
    this.#claims.delete(key);
    const next = claim.waiting.pop();
    if (next === undefined) return;
    this.#claims.set(key, { owner: next.owner, waiting: claim.waiting });
    next.grant();
    // Whoever asked earlier was replaced by the newest, and must not be left waiting for it.
    for (const { owner: replaced } of claim.waiting) this.#evict(replaced);
  }

  /** Everything that a connection owned or waited for. */
  releaseAll(owner: string): void {
    for (const claim of this.#claims.values()) {
      const at = claim.waiting.findIndex((asker) => asker.owner === owner);
      if (at !== -1) claim.waiting.splice(at, 1);
    }
    for (const [key, claim] of [...this.#claims]) {
      if (claim.owner === owner) this.release(key, owner);
    }
  }
}
