// SPDX-License-Identifier: BSD-3-Clause
// What VRRP instances and groups track: interfaces, scripts, processes.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/keepalived/scene.h"

namespace lbd::config::keepalived {

// A weight above 0 is added while all is well, one below 0 while it is not; with 0 a failure means
// FAULT.
struct Track {
    Yaml item;
    int weight = 0;
    const Block* line = nullptr;
};

// vrrp_script and vrrp_track_process by their names.
struct Trackable {
    Yaml item; // empty: it could not be carried over, which was reported
    int weight = 0;
};
struct Trackables {
    std::map<std::string, Trackable> scripts;
    std::map<std::string, Trackable> processes;
};

void read_script(const Block& block, Trackables& known, Scene& scene);
void read_process(const Block& block, Trackables& known, Scene& scene);

// track_interface, track_script, track_process and so on, of an instance or a group. All must
// outlive the keywords.
void add_track_keywords(Keywords& keywords, std::vector<Track>& tracks, const Trackables& known,
                        Scene& scene);

// Sets `track` and `priority`. `fault`: weights do not count, as in a group of keepalived's.
void put_tracks(Yaml& instance, const std::vector<Track>& tracks, unsigned priority, bool fault,
                Scene& scene);

} // namespace lbd::config::keepalived
