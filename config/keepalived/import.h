// SPDX-License-Identifier: BSD-3-Clause
// keepalived.conf, or what `ipvsadm -S -n` prints, becomes the text of a configuration for lbd.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/address.h"
#include "config/keepalived/report.h"

namespace lbd::config::keepalived {

struct Options {
    std::string config_id{};                      // what lines that start with @ are compared with
    std::string host{};                           // of the default sender of mail
    std::map<std::string, std::string> devices{}; // of interfaces; others: af_packet:<interface>
    std::map<std::string, std::vector<Prefix>> addresses{}; // the director's own
    // What an interface of this machine has, where `addresses` says nothing of it.
    std::function<std::vector<Prefix>(const std::string& interface)> addresses_here{};
    // The absolute path of a program that a script names without one; empty if there is none.
    std::function<std::string(const std::string& name)> find_program{};
    bool includes = true; // whether included files are read, or reported
};

struct Imported {
    std::string yaml;    // with what is reported as comments at its end
    std::string reports; // a line for each thing that was not carried over
    bool complete;       // nothing was reported
};

// `file` names the text in what is reported, and is what relative includes are relative to. Throws
// Malformed.
Imported import_text(std::string_view text, const std::string& file, const Options& options);

} // namespace lbd::config::keepalived
