// SPDX-License-Identifier: BSD-3-Clause
#include "tools/lbctl/init/answers.h"

#include <algorithm>
#include <array>
#include <istream>
#include <ostream>
#include <stdexcept>

namespace lbd::lbctl {

namespace {

constexpr std::array<Question, 8> all{{
    {"port", "the NIC: a PCI address, or a Linux interface", true, ""},
    {"address", "this director's own address and its prefix length, 192.0.2.2/24", true, ""},
    {"vip", "the virtual address that clients connect to", true, ""},
    {"backend", "address of a web server; several are allowed", true, ""},
    {"service-port", "TCP port of the service (80)", false, "80"},
    {"peer", "address of the other director; without it adverts are multicast", false, ""},
    {"priority", "VRRP priority; the highest is master (100)", false, "100"},
    {"cores", "cores of the workers, 2,3; without them one worker is not pinned", false, ""},
}};

const Question& question_of(std::string_view flag) {
    const auto* found = std::find_if(
        all.begin(), all.end(), [&](const Question& question) { return question.flag == flag; });
    if (found == all.end()) throw std::logic_error("no such question");
    return *found;
}

[[noreturn]] void refuse(std::string_view flag, const std::string& why) {
    throw std::invalid_argument("--" + std::string(flag) + ": " + why);
}

} // namespace

std::span<const Question> questions() {
    return all;
}

void ask_missing(Answers& answers, std::istream& in, std::ostream& out) {
    for (const Question& question : all) {
        if (!question.required || answers.count(question.flag) != 0) continue;
        out << question.text << ": " << std::flush;
        std::string line;
        if (std::getline(in, line) && !line.empty()) answers[std::string(question.flag)] = {line};
    }
}

std::string answer(const Answers& answers, std::string_view flag) {
    const Question& question = question_of(flag);
    const auto found = answers.find(flag);
    if (found == answers.end() || found->second.empty()) {
        if (question.required) refuse(flag, "is needed: " + std::string(question.text));
        return std::string(question.otherwise);
    }
    if (found->second.size() > 1) refuse(flag, "takes one value");
    return found->second.front();
}

std::vector<std::string> answers_of(const Answers& answers, std::string_view flag) {
    std::vector<std::string> words;
    if (const auto found = answers.find(flag); found != answers.end())
        for (const std::string& text : found->second)
            for (std::size_t begin = 0; begin < text.size();) {
                const std::size_t end = std::min(text.find_first_of(", ", begin), text.size());
                if (end > begin) words.push_back(text.substr(begin, end - begin));
                begin = end + 1;
            }
    const Question& question = question_of(flag);
    if (words.empty() && question.required)
        refuse(flag, "is needed: " + std::string(question.text));
    return words;
}

} // namespace lbd::lbctl
