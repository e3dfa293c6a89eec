// For Audacity 4: adds one label track for each drum, with beats and bars.
//
// An extension can make label tracks and read scripts of its own folder, but it can
// neither write files nor speak to another program. So the process that transcribes
// ("adt audacity watch" for Analyze > Drum Labels on One Track, or "adt audacity push
// SONG") leaves what it found in this folder, as labels.js, and this puts it into the
// project.

const NONE = "There are no drum labels yet. While 'adt audacity watch' runs, select a"
    + " part of a track and choose Analyze > Drum Labels on One Track; or type 'adt"
    + " audacity push SONG' in a terminal. Then choose this again.";

// How far labels may lie behind the end of the project, in seconds: a track may end
// in the middle of a beat.
const BEHIND_THE_END = 2;

function latest() {
    for (const name of ["./labels.js", "labels.js"]) {
        try {
            const found = require(name);
            if (found && found.latest && found.latest.version === 1) {
                return found.latest;
            }
        } catch (error) {
            // The other name, then.
        }
    }
    return null;
}

function lastTime(tracks) {
    let last = 0;
    for (const track of tracks) {
        for (const label of track.labels) {
            last = Math.max(last, label[1]);
        }
    }
    return last;
}

// Why these labels cannot be put into this project; empty if they can.
function objection(found, project) {
    if (!found || found.tracks.length === 0) {
        return NONE;
    }
    const length = project.totalTime();
    if (length > 0 && lastTime(found.tracks) > length + BEHIND_THE_END) {
        return "The drum labels that were made last (" + found.made + ") go on after"
            + " the end of this project: they are those of another song.";
    }
    return "";
}

function addTracks(edit, tracks) {
    for (const track of tracks) {
        const made = edit.createLabelTrack(track.name);
        for (const [start, end, text] of track.labels) {
            // A track may begin before 0 s; here, labels may not.
            if (start >= 0) {
                made.addLabel(start, end, text);
            }
        }
    }
}

exports.createEffect = function () {
    return {
        parameters() {
            return [];
        },
        validate() {
            return objection(latest(), require("Audacity.Project"));
        },
        process(settings, session) {
            const project = require("Audacity.Project");
            const found = latest();
            const reason = objection(found, project);
            if (reason) {
                throw new Error(reason);
            }
            const edit = project.beginEdit("Drum labels", session);
            addTracks(edit, found.tracks);
            edit.commit();
            return true;
        },
    };
};
