// From a handler's name to the function that it means, and errors in AWS's form.

import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const NAME = /^([^.]*)\.(.*)$/;

export class HandlerError extends Error {
  constructor(name, message, cause) {
    super(message);
    this.name = name;
    if (cause?.stack) this.stack = `${name}: ${cause.stack}`;
  }
}

/** The document that is posted; AWS calls the stack `trace` there. */
export function describe(error) {
  if (!(error instanceof Error)) {
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  }
  return {
    errorType: error.bare ? "string" : error.name,
    errorMessage: error.message,
    trace: error.bare ? [] : (error.stack ?? "").split("\n"),
  };
}

/** Import the module of `directory/module.export.member`. */
export async function loadHandler(root, handler) {
  if (handler.includes("..")) {
    throw new HandlerError(
      "Runtime.MalformedHandlerName",
      `'${handler}' is not a valid handler name. Use absolute paths when specifying root ` +
        "directories in handler names.",
    );
  }
  const name = path.basename(handler);
  const match = NAME.exec(name);
  if (!match) throw new HandlerError("Runtime.MalformedHandlerName", "Bad handler");
  const directory = handler.slice(0, handler.length - name.length);
  const found = await load(path.resolve(root, directory, match[1]), match[1]);
  const member = match[2].split(".").reduce((place, key) => place?.[key], found);
  if (!member) {
    throw new HandlerError(
      "Runtime.HandlerNotFound", `${handler} is undefined or not exported`);
  }
  if (typeof member !== "function") {
    throw new HandlerError("Runtime.HandlerNotFound", `${handler} is not a function`);
  }
  return member;
}

async function load(stem, name) {
  try {
    for (const suffix of ["", ".js", ".mjs", ".cjs"]) {
      const file = stem + suffix;
      if (isFile(file)) return await loadFile(file, suffix);
    }
    return createRequire(`${stem}.js`)(stem);
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new HandlerError("Runtime.UserCodeSyntaxError", String(error), error);
    }
    if (error?.code === "MODULE_NOT_FOUND" || error?.code === "ERR_MODULE_NOT_FOUND") {
      const absent = error.message.replaceAll(`'${stem}'`, `'${name}'`);
      throw new HandlerError("Runtime.ImportModuleError", `Error: ${absent}`, error);
    }
    throw error;
  }
}

async function loadFile(file, suffix) {
  if (suffix === ".mjs" || (suffix === ".js" && isModulePackage(path.dirname(file)))) {
    return import(pathToFileURL(file).href);
  }
  return createRequire(file)(file);
}

function isFile(file) {
  return fs.statSync(file, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isModulePackage(directory) {
  const file = path.join(directory, "package.json");
  if (isFile(file)) return JSON.parse(fs.readFileSync(file, "utf8")).type === "module";
  const parent = path.dirname(directory);
  return parent !== directory && isModulePackage(parent);
}
