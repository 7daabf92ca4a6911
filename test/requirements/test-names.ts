/**
 * The names of tests as their sources say them: nothing is run, so that every check can ask. The runner
 * itself lists them too (`vitest list --no-staticParse`), but loads every module for it, which takes a minute.
 *
 * A table of `.each` is followed where it is written in the file; where it is made otherwise only the
 * runner knows its lines (`isWhole` is false). What a template puts in is shown as `…`. A test that is
 * skipped by name proves nothing and is left out; one that is skipped where a machine lacks something counts.
 */
import ts from "typescript";

/** As the runner joins them: `suite > test`. */
export function testNamesIn(
  file: string,
  source: string,
): { readonly names: readonly string[]; readonly isWhole: boolean } {
  let isWhole = true;
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.Latest, true);
  const names: string[] = [];
  const visit = (node: ts.Node, suites: readonly string[]): void => {
    const found = ts.isCallExpression(node) ? readCall(node, tree) : undefined;
    if (found === undefined) {
      node.forEachChild((child) => visit(child, suites));
      return;
    }
    if (found.isSkipped) return;
    isWhole &&= found.isWhole;
    for (const title of found.titles) {
      const path = [...suites, title];
      if (found.isSuite) for (const each of found.body) visit(each, path);
      else names.push(path.join(" > "));
    }
  };
  visit(tree, []);
  return { names, isWhole };
}

interface Found {
  readonly isSuite: boolean;
  readonly isSkipped: boolean;
  readonly isWhole: boolean;
  readonly titles: readonly string[];
  readonly body: readonly ts.Node[];
}

/** `test(…)`, `test.skipIf(…)(…)`, `describe.each(table)(…)` and so on. */
function readCall(call: ts.CallExpression, tree: ts.SourceFile): Found | undefined {
  const words: string[] = [];
  let table: ts.Expression | undefined;
  let place: ts.Expression = call.expression;
  while (!ts.isIdentifier(place)) {
    if (ts.isPropertyAccessExpression(place)) {
      words.push(place.name.text);
      place = place.expression;
    } else if (ts.isCallExpression(place)) {
      const [first] = place.arguments;
      if (ts.isPropertyAccessExpression(place.expression) && place.expression.name.text === "each")
        table = first;
      place = place.expression;
    } else return undefined;
  }
  const isSuite = place.text === "describe";
  const [title, ...body] = call.arguments;
  if (!(isSuite || place.text === "test" || place.text === "it") || title === undefined) return;
  const text = textOf(title);
  // The inner call of `test.each(…)(…)` has no title of its own.
  if (text === undefined) return undefined;
  const rows = table === undefined ? undefined : rowsOf(table, tree);
  const isPlain = table === undefined || !/%[sdifjo]|\$\w/.test(text);
  return {
    ...{ isSuite, body, isSkipped: words.includes("skip") || words.includes("todo") },
    isWhole: isPlain || rows !== undefined,
    titles: isPlain ? [text] : (rows ?? [undefined]).map((row) => filled(text, row)),
  };
}

function textOf(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (!ts.isTemplateExpression(node)) return undefined;
  return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join("");
}

/** The lines of the table, where they are written there. */
function rowsOf(table: ts.Expression, tree: ts.SourceFile): ts.Node[] | undefined {
  const array = valueBehind(table, tree);
  if (array === undefined || !ts.isArrayLiteralExpression(array)) return undefined;
  return array.elements.some(ts.isSpreadElement) ? undefined : [...array.elements];
}

function valueBehind(node: ts.Node, tree: ts.SourceFile): ts.Node | undefined {
  if (ts.isAsExpression(node) || ts.isSatisfiesExpression(node)) {
    return valueBehind(node.expression, tree);
  }
  if (!ts.isIdentifier(node)) return node;
  let found: ts.Node | undefined;
  const look = (each: ts.Node): void => {
    if (ts.isVariableDeclaration(each) && each.name.getText() === node.text) {
      found = each.initializer && valueBehind(each.initializer, tree);
    }
    each.forEachChild(look);
  };
  tree.forEachChild(look);
  return found;
}

/** `%s` and its like stand for the elements of a line in turn, `$name` for a property. */
function filled(title: string, row: ts.Node | undefined): string {
  const values = row !== undefined && ts.isArrayLiteralExpression(row) ? row.elements : [row];
  let next = 0;
  return title.replaceAll(/%[sdifjo]|\$(\w+)/g, (_, name: string | undefined) => {
    if (name === undefined) {
      next += 1;
      return shown(values[next - 1]);
    }
    const isObject = row !== undefined && ts.isObjectLiteralExpression(row);
    const properties = isObject ? row.properties : [];
    const property = properties.find((each) => each.name?.getText() === name);
    return shown(property && ts.isPropertyAssignment(property) ? property.initializer : undefined);
  });
}

function shown(node: ts.Node | undefined): string {
  if (node === undefined) return "…";
  return ts.isNumericLiteral(node) ? node.text : (textOf(node) ?? "…");
}
