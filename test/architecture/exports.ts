import ts from 'typescript';
import type { SourceFile } from './imports.js';

/** Exports without a doc comment, as `path: name`. Of overloads the first one has it. */
export function findUndocumented(files: readonly Pick<SourceFile, 'path' | 'text'>[]): readonly string[] {
  return files.flatMap(({ path, text }) => {
    const { statements } = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
    return statements
      .filter((statement, at) => isExported(statement) && !isOverload(statement, statements[at - 1]))
      .filter((statement) => !hasDoc(statement, text))
      .map((statement) => `${path}: ${nameOf(statement)}`);
  });
}

function isExported(statement: ts.Statement): boolean {
  const modifiers = ts.canHaveModifiers(statement) ? ts.getModifiers(statement) : undefined;
  return modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;
}

function isOverload(statement: ts.Statement, before: ts.Statement | undefined): boolean {
  const areFunctions = ts.isFunctionDeclaration(statement) && before !== undefined && ts.isFunctionDeclaration(before);
  return areFunctions && nameOf(statement) === nameOf(before);
}

function hasDoc(statement: ts.Statement, text: string): boolean {
  const last = ts.getLeadingCommentRanges(text, statement.getFullStart())?.at(-1);
  return last !== undefined && text.startsWith('/**', last.pos);
}

function nameOf(statement: ts.Statement): string {
  if (ts.isVariableStatement(statement)) return statement.declarationList.declarations[0]?.name.getText() ?? '';
  return 'name' in statement ? (statement.name as ts.Node).getText() : statement.getText();
}
