/** The store's list options from a query: an absent cursor must not be there at all. */
export function listOptions(query: { limit: number; cursor?: string | undefined }) {
  const { limit, cursor } = query;
  return cursor === undefined ? { limit } : { limit, cursor };
}
