// Runs an extension as Audacity 4 does, as far as its source tells: see
// scriptengine.cpp and jsmoduleloader.cpp of the muse framework (evaluation,
// `require`, `exports`), and extensioneffectruntime.cpp, projectapi.cpp and
// projectlabels.cpp of Audacity (`createEffect`, edits and label tracks).
//
// Usage: node extension_host.js FOLDER LENGTH
// Prints the tracks that were added as JSON, or what the user would be told.

const fs = require("fs");
const path = require("path");
const vm = require("vm");

const [folder, length] = [process.argv[2], Number(process.argv[3])];
const context = vm.createContext({});
const session = {};
const added = [];
let active = null;

function labelTrack(edit, name) {
    const track = { name, labels: [] };
    edit.tracks.push(track);
    return {
        addLabel(start, end, text) {
            const isValid = Number.isFinite(start) && Number.isFinite(end);
            if (active !== edit || !isValid || start < 0 || end < start) {
                throw new Error("Invalid label");
            }
            track.labels.push([start, end, String(text)]);
            return true;
        },
    };
}

const project = {
    totalTime: () => length,
    beginEdit(name, given) {
        if (given !== session) {
            throw new Error("Project edits are not available in this callback");
        }
        active = { tracks: [] };
        const edit = active;
        return {
            createLabelTrack: (title) => labelTrack(edit, String(title)),
            commit() {
                added.push(...edit.tracks);
                active = null;
            },
        };
    },
};

context.exports = vm.runInContext("({})", context);
context.require = (name) => {
    if (name === "Audacity.Project") {
        return project;
    }
    const file = path.join(folder, name.endsWith(".js") ? name : name + ".js");
    if (!fs.existsSync(file)) {
        return undefined;
    }
    const text = fs.readFileSync(file, "utf8");
    vm.runInContext("(function() { \n" + text + "}());", context, file);
    return context.exports;
};

const manifest = JSON.parse(fs.readFileSync(path.join(folder, "manifest.json"), "utf8"));
const [entry] = manifest.contributes["audacity.effects"];
const script = path.join(folder, entry.script);
vm.runInContext(fs.readFileSync(script, "utf8"), context, script);
const effect = context.exports[entry.factory || "createEffect"]();
if (effect.parameters().length !== 0) {
    throw new Error("no dialog is wanted");
}
const objection = effect.validate();
if (typeof objection === "string" && objection) {
    console.log(JSON.stringify({ told: objection }));
} else if (effect.process({}, session, {}) === true) {
    console.log(JSON.stringify({ tracks: added }));
}
