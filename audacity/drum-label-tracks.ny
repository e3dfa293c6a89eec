$nyquist plug-in
$version 4
$type tool
$name (_ "Drum Labels on Separate Tracks")
$debugbutton false
$preview disabled
$author "adt-plugins"
$release 1.0
$copyright "BSD 3-Clause License"

;; Puts a label on each drum hit of the selection, on one label track a drum.
$control drums (_ "Drums") choice (
  ("all" (_ "All"))
  ("basic" (_ "Kick, snare and hi-hat"))
  ("kick" (_ "Kick"))
  ("snare" (_ "Snare"))
  ("hihat" (_ "Hi-hat"))
  ("toms" (_ "Toms"))
  ("cymbals" (_ "Cymbals"))) 0
$control sensitivity (_ "Sensitivity") int (_ "low: only sure hits, high: weak ones too") 50 0 100
$control text (_ "Label text") choice (
  ("name" (_ "Name"))
  ("velocity" (_ "Name and velocity"))
  ("note" (_ "MIDI note"))
  ("short" (_ "Short"))) 3


;;; ---- From here to the next line like this, both plug-ins are the same. ----

;; Nyquist can neither start a program nor sleep. So the work is done by a
;; process that listens in a folder ("adt audacity watch"), and this waits for
;; its answer in a loop. All files of a request are named after the time of day.

(setf *float-format* "%.9f") ; else numbers are written with six digits
(setf *id* (format nil "~a" (get-real-time)))

(defun below (folder &rest names)
  (dolist (item names folder)
    (setf folder (strcat folder (string *file-separator*) item))))

(defun setting (variable &aux (value (get-env variable)))
  (when (and value (> (length value) 0))
    value))

(setf *folder*
  (cond ((setting "ADT_PLUGINS_HOME")
          (below (setting "ADT_PLUGINS_HOME") "audacity"))
        ((setting "LOCALAPPDATA")
          (below (setting "LOCALAPPDATA") "adt-plugins" "audacity"))
        (t (below (get-env "HOME") ".local" "state" "adt-plugins" "audacity"))))

(defun file-name (ending)
  (strcat (below *folder* *id*) ending))

(defun write-lines (ending &rest lines &aux (file nil))
  ;; Returns NIL if the folder is missing.
  (when (setf file (open (file-name ending) :direction :output))
    (dolist (line lines)
      (format file "~a~%" line))
    (close file)
    t))

(defun pause ()
  ;; 10 ms without use of the disk; ends even if the clock is set back.
  (do ((end (+ (get-real-time) 0.01))
       (turns 0 (1+ turns)))
      ((or (> (get-real-time) end) (> turns 20000)))))

(defun wait-for (ending seconds &aux (file nil) (end (+ (get-real-time) seconds)))
  (dotimes (turn (truncate (* 100 seconds)) file)
    (when (or (setf file (open (file-name ending))) (> (get-real-time) end))
      (return file))
    (pause)))

(defun beats (&aux (file (open (file-name ".busy"))) (line nil))
  ;; The watcher adds a character to this file while it works.
  (when file
    (setf line (read-line file))
    (close file))
  (length line))

(defun wait-for-answer (seconds &aux (file nil) (heard 0) (silent 0))
  ;; Ends after some seconds without a sign of life, however long the work is.
  (dotimes (turn (truncate (* 100 seconds)) file)
    (when (or (setf file (open (file-name ".answer"))) (> silent 500))
      (return file))
    (pause)
    (incf silent)
    (when (> (beats) heard)
      (setf heard (beats))
      (setf silent 0))))

(defun select-time (start end)
  (aud-do (format nil "SelectTime: Start=~a End=~a RelativeTo=ProjectStart"
                  start end)))

(defun set-project-rate (rate)
  (aud-do (format nil "SetProject: Rate=~a" rate)))

(defun export-audio (start end &aux (lead (max 0 (min start 1)))
                                    (rate (get '*project* 'rate)))
  ;; Exports what is selected, and up to a second before it: music that begins in
  ;; the middle of a sound looks like a hit. Returns the length of that lead. With
  ;; one channel Audacity would add left and right, which clips loud music. An
  ;; export has the rate of the project, which is that of the first file in it: a
  ;; memo of 8 kHz would take the cymbals of the song after it.
  (setf rate (when (and rate (< rate 44100)) (truncate rate)))
  (when rate (set-project-rate 44100))
  (select-time (- start lead) end)
  (aud-do (format nil "Export2: Filename=~s NumChannels=2" (file-name ".wav")))
  (select-time start end)
  (when rate (set-project-rate rate))
  lead)

(defun ask (kind start end save &aux (file nil) (lead 0))
  ;; Returns the watcher's answer, or a text that says why there is none.
  (setf file (and (write-lines ".ping") (wait-for ".pong" 1)))
  (cond
    (file
      (close file)
      (setf lead (funcall save start end))
      (write-lines ".request"
        "adt-plugins 1"
        (format nil "kind ~a" kind)
        (format nil "drums ~a" (nth drums '("" "KD,SD,HH" "KD" "SD" "HH" "TT" "CY")))
        (format nil "sensitivity ~a" sensitivity)
        (format nil "text ~a" (nth text '("name" "name+velocity" "note" "short")))
        (format nil "start ~a" (float start))
        (format nil "lead ~a" (float lead))
        "end")
      (setf file (wait-for-answer (+ 60 (- end start))))
      (cond
        (file
          (prog1 (read file)
            (close file)))
        (t (strcat "The drum transcriber stopped while it worked on this selection."
                   (format nil "~%Start it again (adt audacity watch), then repeat")
                   " the command."))))
    (t (strcat (format nil "The drum transcriber is not running. Start it in a~%")
               (format nil "terminal, then choose the command again:~%~%")
               (format nil "    adt audacity watch~%~%")
               (format nil "To have it started whenever you log in:~%~%")
               "    adt audacity watch --autostart"))))

;;; ---- To here. ----

(defun select-all-tracks ()
  ;; Not SelectAll: while a label is being edited, that selects its text. And not
  ;; more than 100 at once: that opens a message.
  (aud-do "SelectTracks: Track=0 TrackCount=100 Mode=Set")
  (aud-do "SelectTracks: Track=100 TrackCount=100 Mode=Add"))

(defun project-start (&aux (start 0))
  ;; Clips may have been dragged to before 0.
  (dolist (info (aud-get-info "Tracks") start)
    (when (assoc 'start info)
      (setf start (min start (second (assoc 'start info)))))))

(defun project-end (&aux (end 0))
  (dolist (info (aud-get-info "Tracks") end)
    (when (assoc 'end info)
      (setf end (max end (second (assoc 'end info)))))))

(let* ((start (get '*selection* 'start))
       (end (get '*selection* 'end))
       (whole (or (= start end) (not (get '*selection* 'tracks))))
       (answer nil))
  (cond
    (whole
      (select-all-tracks)
      ;; The end is told with six digits only.
      (setf answer
        (ask "tracks" (project-start) (1+ (project-end)) 'export-audio))
      (select-time start end))
    (t (setf answer (ask "tracks" start end 'export-audio))))
  (when (eq answer 'tracks)
    (aud-do (format nil "Import2: Filename=~s" (file-name ".aup")))
    (setf answer ""))
  (write-lines ".done")
  answer)
