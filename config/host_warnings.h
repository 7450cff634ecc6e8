// SPDX-License-Identifier: BSD-3-Clause
// What is allowed and yet probably not what was meant on this host. The facts about the host are
// handed in: nothing is read here.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "config/config.h"

namespace lbd::config {

struct HostFacts {
    struct Nic {
        std::string address;      // as the configuration has it
        unsigned node;            // of NUMA
        std::set<unsigned> cores; // of that node
    };
    std::vector<Nic> nics; // ports' PCI NICs, as far as their node is known
    bool isolation_known = false;
    std::set<unsigned> isolated; // cores that the scheduler leaves alone
};

std::set<unsigned> without(const std::set<unsigned>& cores, const std::set<unsigned>& others);
std::string joined(const std::set<unsigned>& cores); // 2,3

// Sentences.
std::vector<std::string> host_warnings(const Config& config, const HostFacts& facts);

} // namespace lbd::config
