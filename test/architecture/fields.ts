import ts from 'typescript';

/** A field of an interface or type. */
export interface Field {
  readonly name: string;
  readonly owner: string;
  readonly path: string;
}

/** Fields that are declared, and names that are read anywhere: by access, by taking apart, or as a text that names a key. */
export function readFields(files: readonly { readonly path: string; readonly text: string }[]): {
  readonly declared: readonly Field[];
  readonly read: ReadonlySet<string>;
} {
  const declared: Field[] = [];
  const read = new Set<string>();
  for (const { path, text } of files) {
    const visit = (node: ts.Node): void => {
      const field = fieldOf(node);
      if (field !== undefined) declared.push({ ...field, path });
      const name = nameRead(node);
      if (name !== undefined) read.add(name);
      ts.forEachChild(node, visit);
    };
    visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
  }
  return { declared, read };
}

function fieldOf(node: ts.Node): Omit<Field, 'path'> | undefined {
  if (!ts.isPropertySignature(node) || !ts.isIdentifier(node.name)) return undefined;
  let owner: ts.Node = node;
  while (!ts.isInterfaceDeclaration(owner) && !ts.isTypeAliasDeclaration(owner)) {
    if (ts.isSourceFile(owner)) return undefined;
    owner = owner.parent;
  }
  return { name: node.name.text, owner: owner.name.text };
}

function nameRead(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node)) return isAssigned(node) ? undefined : node.name.text;
  if (ts.isBindingElement(node)) {
    const name = node.propertyName ?? node.name;
    return ts.isIdentifier(name) ? name.text : undefined;
  }
  return ts.isStringLiteralLike(node) ? node.text : undefined;
}

function isAssigned(node: ts.PropertyAccessExpression): boolean {
  const { parent } = node;
  return (
    ts.isBinaryExpression(parent) && parent.left === node && parent.operatorToken.kind === ts.SyntaxKind.EqualsToken
  );
}
