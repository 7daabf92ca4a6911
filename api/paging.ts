/** Lists come in pages: give `cursor` of one page to get the next. */
import { z } from "@hono/zod-openapi";

export const pageQuery = z.object({
  limit: z.coerce.number().int().min(1).max(500).default(100),
  cursor: z.string().max(2000).optional(),
});

export function pageOf<S extends z.ZodType>(item: S) {
  return z.object({ items: z.array(item), cursor: z.string().optional() });
}
