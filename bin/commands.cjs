// First words of `slipway` that are commands, for what reads them before the programs are built; a test holds them against the programs.
// What is served and called so is `./predict`.
'use strict';
/** Those of the program that asks servers, dist/src/tool/main.js. */
exports.asking = ['predict', 'bench', 'completion'];
/** Those of the server's program that serve nothing. */
exports.looking = ['inspect', 'init'];
