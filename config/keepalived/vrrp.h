// SPDX-License-Identifier: BSD-3-Clause
// vrrp_instance and vrrp_sync_group.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/keepalived/scene.h"
#include "config/keepalived/track.h"

namespace lbd::config::keepalived {

struct Instance {
    const Block* block = nullptr;
    std::string name;
    std::string interface;
    std::optional<unsigned> version;
    unsigned priority = 100;
    bool master = false;
    std::optional<bool> accept;
    const Block* nopreempt = nullptr;
    const Block* preempt_delay = nullptr;
    const Block* source = nullptr;
    const Block* password = nullptr;
    const Block* interval = nullptr;
    std::vector<std::pair<Prefix, const Block*>> addresses;
    std::vector<std::pair<Prefix, const Block*>> excluded;
    std::vector<IpAddress> peers;
    unsigned min_ttl = 0;
    Yaml values; // that are carried over as they are
    Yaml garp;
    std::vector<Track> tracks;
    Yaml notify = Yaml::list();
};

struct Group {
    const Block* block = nullptr;
    std::string name;
    std::vector<std::string> members;
    std::vector<Track> tracks;
    Yaml notify = Yaml::list();
    bool weights = false;
};

// Reads in the order of the file, and writes when all of it is known.
class Vrrp {
  public:
    explicit Vrrp(Scene& scene) : scene_(scene) {}

    void add_early_keywords(Keywords& top); // that instances and groups refer to
    void add_keywords(Keywords& top);
    // Once everything is read: virtual addresses are none of the director's own.
    void exclude_addresses();
    void put(Yaml& document);

  private:
    void read_instance(const Block& block);
    void read_group(const Block& block);
    const Group* group_of(const Instance& instance) const;
    Yaml written(const Instance& instance);
    void put_timing(Yaml& yaml, const Instance& instance, unsigned version);
    void put_addresses(Yaml& yaml, const Instance& instance, IpAddress::Family family);
    void put_peers(Yaml& yaml, const Instance& instance, IpAddress::Family family);
    void put_group(Yaml& yaml, const Instance& instance, const Group* group);

    Scene& scene_;
    Trackables trackables_;
    std::deque<Instance> instances_; // keywords refer to the last one
    std::deque<Group> groups_;
    std::map<std::string, std::string> group_names_; // in keepalived.conf, here
    std::map<std::string, const Group*> member_of_;
    Names taken_;
    Names taken_groups_;
    std::set<IpAddress> given_; // virtual addresses already written
};

} // namespace lbd::config::keepalived
